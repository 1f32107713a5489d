/**
 * The embedded prediction cache: one LMDB environment a namespace, in it one database a version and a pointer to the one
 * that is served. Several processes may open it at once: LMDB lets one of them write at a time. Worker side, and readers.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';

/** What readers are served from. */
export interface Pointer {
  readonly version: string;
  /** The version before, kept for a swap back; null: none. */
  readonly previous: string | null;
  /** Idempotency key of the swap that put it there. */
  readonly by: string;
}
export type VersionTable = Database<Buffer, string>;
export interface CacheStore {
  readonly folder: string;
  /** Makes the version's table where it is not there yet. */
  table(version: string): VersionTable;
  pointer(): Pointer | null;
  /** Points at `to` if the pointer is at `from` still (null: at nothing). False: it has moved. The same `by` again is true. */
  swap(from: string | null, to: string, by: string): boolean;
  versions(): { readonly version: string; /** Seconds since the epoch. */ readonly madeAt: number }[];
  /** Removes a version and its entries. Throws for the one that is served. */
  drop(version: string): Promise<void>;
  close(): Promise<void>;
}

/** LMDB must not be opened twice in one process. */
const open = new Map<string, { store: Promise<CacheStore>; users: number }>();

/** Opens `<folder>/<namespace>`; makes it where it is missing. Close it when done: the last user closes the files. */
export async function openCache(folder: string, namespace: string): Promise<CacheStore> {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(namespace)) throw new Error(`"${namespace}" cannot be a namespace: small letters, digits, - and _`);
  const path = resolve(folder, namespace);
  const known = open.get(path) ?? { store: openStore(path), users: 0 };
  open.set(path, known);
  known.users++;
  const store = await known.store;
  let closed = false;
  return {
    ...store,
    async close() {
      if (closed) return;
      closed = true;
      known.users--;
      if (known.users > 0) return;
      open.delete(path);
      await store.close();
    },
  };
}

async function openStore(folder: string): Promise<CacheStore> {
  const lmdb = await import('lmdb');
  mkdirSync(folder, { recursive: true });
  const root: RootDatabase<Pointer | number, string> = lmdb.open({ path: join(folder, 'cache.mdb'), maxDbs: 64, encoding: 'json' });
  const meta = root.openDB<Pointer | number, string>({ name: 'meta', encoding: 'json' });
  const tables = new Map<string, VersionTable>();
  const pointer = (): Pointer | null => (meta.get('pointer') as Pointer | undefined) ?? null; // the key's only kind of value
  return {
    folder,
    table(version) {
      const known = tables.get(version);
      if (known) return known;
      const made = root.openDB<Buffer, string>({ name: `v:${version}`, encoding: 'binary' });
      tables.set(version, made);
      if (meta.get(`version:${version}`) === undefined) meta.putSync(`version:${version}`, Math.floor(Date.now() / 1000));
      return made;
    },
    pointer,
    swap: (from, to, by) =>
      meta.transactionSync(() => {
        const now = pointer();
        if (now?.version === to && now.by === by) return true;
        if ((now?.version ?? null) !== from) return false;
        meta.putSync('pointer', { version: to, previous: from, by });
        return true;
      }),
    versions: () =>
      [...meta.getRange({ start: 'version:', end: 'version;' })].map(({ key, value }) => ({ version: key.slice('version:'.length), madeAt: Number(value) })),
    async drop(version) {
      if (pointer()?.version === version) throw new Error(`version ${version} is being served and cannot be dropped`);
      const table = tables.get(version) ?? root.openDB<Buffer, string>({ name: `v:${version}`, encoding: 'binary' });
      tables.delete(version);
      await table.drop();
      meta.removeSync(`version:${version}`);
    },
    close: () => root.close(),
  };
}
