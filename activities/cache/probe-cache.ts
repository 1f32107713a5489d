/** Writes, reads and deletes one entry: is the cache usable at all? Worker side, and `heddle doctor`. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheStore } from './cache-store.ts';

/** The table stays, and stays empty: making one costs a second on Cassandra. It is no version, so nobody can be pointed at it. */
const TABLE = 'probe';

/** Throws what the cache answers with, or HDL-CACHE-REFUSED where it gave back something else. */
export async function probeCache(store: CacheStore): Promise<void> {
  const key = `probe-${process.pid}-${Date.now()}`;
  const expiresAt = Uint32Array.of(Math.floor(Date.now() / 1000) + 60);
  await store.createTable(TABLE);
  await store.put(TABLE, { keys: [key], scores: Float32Array.of(0.5), expiresAt, inputs: Float64Array.of(1), stamp: 1 });
  const [back] = await store.get(TABLE, [key]);
  await store.remove(TABLE, [key]);
  const [gone] = await store.get(TABLE, [key]);
  const what = back?.score !== 0.5 ? 'did not give back what was written' : gone ? 'kept what was deleted' : null;
  if (what) throw new HeddleError('HDL-CACHE-REFUSED', { what: `The cache ${what}.`, where: store.where });
}
