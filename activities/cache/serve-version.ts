/** Makes a finished version the one that is served, whatever is served now: for tables with one writer. Worker side. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheStore } from './cache-store.ts';

/** Throws HDL-CACHE-MOVED when another writer swapped in between: two loads of one table ran at once. */
export async function serveVersion(store: CacheStore, version: string, by: string): Promise<void> {
  const from = (await store.pointer())?.version ?? null;
  if (from !== version) await swapVersion(store, from, version, by);
}

/** From exactly `from` (null: from nothing). Throws HDL-CACHE-MOVED; the same `by` again is a repeat and succeeds. */
export async function swapVersion(store: CacheStore, from: string | null, to: string, by: string): Promise<void> {
  if (await store.swap(from, to, by)) return;
  const now = (await store.pointer())?.version ?? null;
  throw new HeddleError('HDL-CACHE-MOVED', {
    what:
      now === from
        ? `Version ${to} cannot be served: it is not there, or it is being removed.`
        : `The cache serves ${now ?? 'nothing'} and not ${from ?? 'nothing'} any more: another run was faster, and its version stays.`,
    where: store.where,
  });
}
