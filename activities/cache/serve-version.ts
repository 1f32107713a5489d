/** Makes a finished version the one that is served, whatever is served now: for tables with one writer. Worker side. */
import type { CacheStore } from './cache-store.ts';

/** Throws when another writer swapped in between: two loads of one table ran at once. */
export function serveVersion(store: CacheStore, version: string, by: string): void {
  const from = store.pointer()?.version ?? null;
  if (from !== version && !store.swap(from, version, by))
    throw new Error(`another load moved the table of ${store.folder} away from ${from}: run this one again`);
}
