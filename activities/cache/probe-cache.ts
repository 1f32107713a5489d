/** Writes, reads and deletes one entry: is the cache usable at all? Worker side. */
import type { CacheStore } from './cache-store.ts';
import { decodePrediction, encodePrediction } from './prediction.ts';

export async function probeCache(store: CacheStore): Promise<void> {
  const table = store.table('probe');
  table.putSync('probe', encodePrediction({ score: 0.5, expiresAt: 1 }));
  const back = table.get('probe');
  if (!back || decodePrediction(back).score !== 0.5) throw new Error(`the cache in ${store.folder} did not give back what was written`);
  await store.drop('probe');
}
