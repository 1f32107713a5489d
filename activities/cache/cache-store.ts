/**
 * A namespace of a prediction cache: versions of a table and a pointer to the one that is served, over any backend. Each change
 * of the state is one compare-and-set, so of two racing swaps one wins and a version under removal is never served.
 * Worker side, and readers.
 */
import type { CacheBackend, CacheSpace, PutResult } from './cache-backend.ts';
import { decodeState, dropped, dropping, encodeState, swapped, withVersion, type CacheState, type Pointer, type VersionInfo } from './cache-state.ts';
import { decodePrediction, type Entries, type Prediction } from './prediction.ts';

export interface CacheStore {
  readonly kind: CacheBackend['kind'];
  /** For messages, without passwords. */
  readonly where: string;
  readonly notes: readonly string[];
  /** Makes a table and nothing more; `create` makes a version. */
  createTable(name: string): Promise<void>;
  /** Makes the version and its table where they are not there yet. */
  create(version: string): Promise<void>;
  /** Resolves when all are acknowledged; an entry with a newer stamp stays. Throws HDL-CACHE-FULL, HDL-CACHE-UNREACHABLE. */
  put(version: string, entries: Entries): Promise<PutResult>;
  /** In the order of the keys, expired ones too; null for what is not there. */
  get(version: string, keys: readonly string[]): Promise<(Prediction | null)[]>;
  remove(version: string, keys: readonly string[]): Promise<void>;
  pointer(): Promise<Pointer | null>;
  versions(): Promise<readonly VersionInfo[]>;
  /** Points at `to` if the pointer is at `from` still (null: at nothing). False: it has moved, or `to` is gone. The same `by` again is true. */
  swap(from: string | null, to: string, by: string): Promise<boolean>;
  /** Removes a version and its entries. Throws for the one that is served. */
  drop(version: string, pace?: () => Promise<void>): Promise<void>;
  space(): Promise<CacheSpace>;
  close(): Promise<void>;
}

const nowS = (): number => Math.floor(Date.now() / 1000);
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export function cacheStore(backend: CacheBackend): CacheStore {
  /** Until it fits: other writers of the state are few and quick. null of `next`: refused. */
  const change = async (next: (state: CacheState) => CacheState | null): Promise<boolean> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const text = await backend.state();
      const before = decodeState(text);
      const after = next(before);
      if (after === null) return false;
      if (after === before || (await backend.replaceState(text, encodeState(after)))) return true;
    }
    throw new Error(`the state of ${backend.where} changed a hundred times in a row`);
  };
  return {
    kind: backend.kind,
    where: backend.where,
    notes: backend.notes,
    createTable: (name) => backend.createTable(name),
    async create(version) {
      if (!NAME.test(version)) throw new Error(`"${version}" cannot be a version: letters, digits, dots, dashes and underscores`);
      await backend.createTable(version);
      await change((state) => withVersion(state, version, nowS()));
    },
    put: (version, entries) => backend.put(version, entries),
    get: async (version, keys) => (await backend.get(version, keys)).map((bytes) => (bytes === null ? null : decodePrediction(bytes))),
    remove: (version, keys) => backend.remove(version, keys),
    pointer: async () => decodeState(await backend.state()).pointer,
    versions: async () => decodeState(await backend.state()).versions,
    swap: (from, to, by) => change((state) => swapped(state, from, to, by, nowS())),
    async drop(version, pace = async () => {}) {
      if (!(await change((state) => dropping(state, version)))) throw new Error(`version ${version} is being served and cannot be dropped`);
      await backend.dropTable(version, pace);
      await change((state) => dropped(state, version));
    },
    space: () => backend.space(),
    close: () => backend.close(),
  };
}
