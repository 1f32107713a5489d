/**
 * Entries of a version that may be removed at any moment: another run has swapped and reclaimed. What is gone reads as not there;
 * some kinds (Cassandra: a table a version) would fail instead, however often the step were tried again. Worker side.
 */
import type { CacheStore } from './cache-store.ts';
import type { Prediction } from './prediction.ts';

/** In the order of the keys; all null when the version is not one of the cache's any more. */
export async function getIfThere(store: CacheStore, version: string, keys: readonly string[]): Promise<(Prediction | null)[]> {
  try {
    return await store.get(version, keys);
  } catch (error) {
    const there = (await store.versions()).some((one) => one.version === version && !one.dropping);
    if (there) throw error;
    return keys.map(() => null);
  }
}
