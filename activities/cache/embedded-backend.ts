/**
 * The embedded cache: one LMDB environment a namespace, in it one database a version. Several processes may open it at once:
 * LMDB lets one of them write at a time. Worker side, and readers on the same machine.
 */
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheBackend } from './cache-backend.ts';
import { cacheError } from './cache-errors.ts';
import { encodeEntry, PREDICTION_BYTES, STAMP_OFFSET } from './prediction.ts';

export interface EmbeddedOptions {
  readonly folder: string;
  /** Bytes that the files of one namespace may take; default: the disk's end. */
  readonly maxBytes?: number | undefined;
}
type Table = Database<Buffer, string>;

/** LMDB must not be opened twice in one process. */
const open = new Map<string, { backend: Promise<CacheBackend>; users: number }>();

/** Opens `<folder>/<namespace>`; makes it where it is missing. Close it when done: the last user closes the files. */
export async function embeddedBackend({ folder, maxBytes }: EmbeddedOptions, namespace: string): Promise<CacheBackend> {
  const path = resolve(folder, namespace);
  const known = open.get(path) ?? { backend: openFiles(path, maxBytes ?? Infinity), users: 0 };
  open.set(path, known);
  known.users++;
  const release = async (): Promise<void> => {
    known.users--;
    if (known.users > 0) return;
    open.delete(path);
    await (await known.backend).close();
  };
  try {
    const backend = await known.backend;
    let closed = false;
    return {
      ...backend,
      async close() {
        if (closed) return;
        closed = true;
        await release();
      },
    };
  } catch (error) {
    open.delete(path);
    throw cacheError(error, path, 'to be opened');
  }
}

async function openFiles(folder: string, maxBytes: number): Promise<CacheBackend> {
  const lmdb = await import('lmdb');
  mkdirSync(folder, { recursive: true });
  const root: RootDatabase<string, string> = lmdb.open({ path: join(folder, 'predictions.mdb'), maxDbs: 256, encoding: 'string' });
  const meta = root.openDB<string, string>({ name: 'meta', encoding: 'string' });
  const tables = new Map<string, Table>();
  const table = (version: string): Table => {
    const known = tables.get(version);
    if (known) return known;
    const made = root.openDB<Buffer, string>({ name: `v:${version}`, encoding: 'binary' });
    tables.set(version, made);
    return made;
  };
  const used = (): number => {
    const { lastPageNumber, pageSize } = (root as unknown as { getStats(): { lastPageNumber: number; pageSize: number } }).getStats(); // lmdb's types leave it out
    return lastPageNumber * pageSize;
  };
  const value = Buffer.allocUnsafe(PREDICTION_BYTES);
  return {
    kind: 'embedded',
    where: folder,
    notes: [],
    state: async () => meta.get('state') ?? null,
    replaceState: async (from, to) =>
      meta.transactionSync(() => {
        if ((meta.get('state') ?? null) !== from) return false;
        meta.putSync('state', to);
        return true;
      }),
    async createTable(version) {
      table(version);
    },
    async put(version, entries) {
      if (used() > maxBytes)
        throw new HeddleError('HDL-CACHE-FULL', {
          what: `The cache has no room left: its files take ${used().toLocaleString('en-US')} bytes, and ${maxBytes.toLocaleString('en-US')} are allowed.`,
          where: folder,
          why: 'The version that is served is untouched; the new one is not complete and will not be served.',
        });
      const to = table(version);
      let newer = 0;
      try {
        to.transactionSync(() => {
          newer = 0;
          for (let i = 0; i < entries.keys.length; i++) {
            const key = entries.keys[i]!;
            encodeEntry(entries, i, value);
            if (putAbsent(to, key, value)) continue; // most often there is none yet
            const found = to.get(key);
            if (found && found.length === PREDICTION_BYTES && found.readDoubleLE(STAMP_OFFSET) > entries.stamp) newer++;
            else to.putSync(key, value);
          }
        });
      } catch (error) {
        throw cacheError(noRoom(folder, used()) ?? error, folder, `writing ${entries.keys.length} entries`);
      }
      return { written: entries.keys.length - newer, newer };
    },
    async get(version, keys) {
      const from = table(version);
      return keys.map((key) => from.get(key) ?? null);
    },
    async remove(version, keys) {
      const from = table(version);
      from.transactionSync(() => {
        for (const key of keys) from.removeSync(key);
      });
    },
    async dropTable(version, pace) {
      const gone = table(version);
      for (;;) {
        // a piece at a time: the writer's lock is free in between
        const some = [...gone.getKeys({ limit: DROP_AT_ONCE })];
        if (some.length === 0) break;
        gone.transactionSync(() => {
          for (const key of some) gone.removeSync(key);
        });
        await pace();
      }
      tables.delete(version);
      await gone.drop();
    },
    async space() {
      const { bavail, bsize } = statfsSync(folder);
      return { freeBytes: Math.min(bavail * bsize, maxBytes - used()), bytesPerEntry: (keyBytes) => 1.5 * (keyBytes + PREDICTION_BYTES + 16) };
    },
    close: () => root.close(),
  };
}
/** LMDB calls it an I/O error when a disk takes only a part of a write. Why it did, or null when there is room for as much again. */
function noRoom(folder: string, bytes: number): unknown {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < ROOM_BYTES) return new Error(`No space left on device: ${bavail * bsize} bytes are free`);
  const probe = join(folder, `room-${process.pid}`);
  try {
    writeFileSync(probe, '');
    truncateSync(probe, bytes + ROOM_BYTES); // a limit on the size of files
    return null;
  } catch (error) {
    return error;
  } finally {
    rmSync(probe, { force: true });
  }
}
/** More than a batch takes. */
const ROOM_BYTES = 4 * 2 ** 20;
const NO_OVERWRITE = { noOverwrite: true };
/** Within a transaction. False: there is one. */
const putAbsent = (to: Table, key: string, value: Buffer): boolean =>
  (to.putSync as unknown as (...args: unknown[]) => boolean).call(to, key, value, NO_OVERWRITE); // its type says void, its code a boolean
const DROP_AT_ONCE = 20_000;
