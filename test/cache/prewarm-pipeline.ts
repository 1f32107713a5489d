/** flights.prewarm as a whole on a configured cache, in the testing kit: a model is trained, and its predictions are served. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { configureCaches } from '../../activities/cache/configured-caches.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import type { CacheConfig } from '../../dsl/config.ts';
import { pipeline, z } from '../../dsl/index.ts';
import { Day, Features } from '../../pipelines/data.ts';
import { prewarm } from '../../pipelines/prewarm.ts';
import { buildDataset, resolve } from '../../pipelines/train/dataset.ts';
import { trainOne } from '../../pipelines/train/trials.ts';
import { runPipeline } from '../../testing/index.ts';
import { syntheticData } from '../pipelines/synthetic-features.ts';
import { newNamespace } from './kinds.ts';

const whole = pipeline(
  { name: 'test.train_and_prewarm', partitions: Day, params: z.object({ cache: z.string(), namespace: z.string() }) },
  ({ params, partition }) => {
    const data = buildDataset({ features: Features.before(partition, '35d'), interval: resolve({ asOf: partition.start, seed: 1 }) });
    const { model } = trainOne({ data, point: { hidden: 0, rate: 0.01 }, seed: 1 });
    return prewarm({ model, cache: params.cache, namespace: params.namespace, watchS: 0.1, partition });
  },
);
const data = syntheticData('2001-03-09', 36, 150);
const KEYS = 16 * 168;

/** The tests of the whole pipeline, within a describe of one kind. */
export function wholePipeline(config: () => CacheConfig): void {
  beforeEach(() => {
    configureCaches({ 'under-test': config() });
  });
  afterEach(() => {
    configureCaches({});
  });

  it('flights.prewarm goes through all its steps, and readers are served its version', async () => {
    const namespace = newNamespace();
    const result = await runPipeline(whole, { partition: { day: '2001-03-08' }, params: { cache: 'under-test', namespace }, data });
    expect(result.failures).toEqual([]);
    const output = result.output as { served: { version: string } };
    expect(output).toMatchObject({
      entries: KEYS,
      coverage: 1,
      weighted: 1,
      mismatches: 0,
      reused: 0,
      before: { coverage: 0, weighted: 0 },
      changedMeanwhile: 0,
      served: { dropped: [] },
    });
    const store = await openCache(config(), namespace);
    expect(await cacheReader(store).version()).toBe(output.served.version);
    expect((await cacheReader(store).get('ATL-ORD/2/17'))?.score).toBeGreaterThan(0);
    await store.close();
  });
}
