/**
 * What a kind of cache must be able to do: one small state text with compare-and-set, and a table of entries a version.
 * Everything else (versions, pointer, swap, reclaim) is the same for all and stands in cache-store.ts. Worker side.
 */
import type { Entries } from './prediction.ts';

export interface CacheBackend {
  readonly kind: 'embedded' | 'redis' | 'cassandra';
  /** For messages: where it is, without passwords. */
  readonly where: string;
  /** What an operator should know of it: a weak consistency level, an eviction policy. Empty: nothing. */
  readonly notes: readonly string[];
  /** null: none yet. */
  state(): Promise<string | null>;
  /** Replaces the state if it is `from` still. False: it has moved. */
  replaceState(from: string | null, to: string): Promise<boolean>;
  /** May be called again. */
  createTable(version: string): Promise<void>;
  /** Resolves when all are acknowledged. An entry with a newer stamp stays as it is. */
  put(version: string, entries: Entries): Promise<PutResult>;
  /** In the order of the keys; null for what is not there. */
  get(version: string, keys: readonly string[]): Promise<readonly (Buffer | null)[]>;
  remove(version: string, keys: readonly string[]): Promise<void>;
  /** Drops a version's table; waits for `pace` between pieces, so that readers do not feel it. May be called again. */
  dropTable(version: string, pace: () => Promise<void>): Promise<void>;
  space(): Promise<CacheSpace>;
  close(): Promise<void>;
}
export interface PutResult {
  readonly written: number;
  /** Left as they were, because what is there is newer. Cassandra keeps the newer ones too, and does not say how many: 0. */
  readonly newer: number;
}
export interface CacheSpace {
  /** null: cannot be asked, or there is no limit. */
  readonly freeBytes: number | null;
  /** What an entry with a key of `keyBytes` takes, about. */
  bytesPerEntry(keyBytes: number): number;
}
