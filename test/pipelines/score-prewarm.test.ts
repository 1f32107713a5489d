/** flights.score and flights.prewarm in process, with a model that was really trained, on a real LMDB cache. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { pipeline, z } from '../../dsl/index.ts';
import { Day, Features } from '../../pipelines/data.ts';
import { prewarm } from '../../pipelines/prewarm.ts';
import { score } from '../../pipelines/score.ts';
import { checkScores } from '../../pipelines/score/shards.ts';
import { buildDataset, resolve } from '../../pipelines/train/dataset.ts';
import { trainOne } from '../../pipelines/train/trials.ts';
import { runPipeline } from '../../testing/index.ts';
import { syntheticData } from './synthetic-features.ts';

/** Artifacts live as long as a run of the kit: so one run trains, scores and prewarms. */
const whole = pipeline({ name: 'test.whole', partitions: Day, params: z.object({ cache: z.string() }) }, ({ params, partition }) => {
  const data = buildDataset({ features: Features.before(partition, '35d'), interval: resolve({ asOf: partition.start, seed: 1 }) });
  const { model } = trainOne({ data, point: { hidden: 0, rate: 0.01 }, seed: 1 });
  const scored = score({ model, cache: params.cache, partition });
  const warmed = prewarm({ model, cache: params.cache, watchS: 0.1, partition });
  return { scored, warmed };
});
interface Output {
  readonly scored: { readonly rows: number; readonly quarantined: number; readonly keys: number };
  readonly warmed: {
    readonly entries: number;
    readonly coverage: number;
    readonly weighted: number;
    readonly mismatches: number;
    readonly served: { readonly version: string } | null;
  };
}
const data = syntheticData('2001-03-09', 36, 300);
const today = data['flights.features']['2001-03-08']!;
const withToday = (rows: object[]) => ({ ...data, 'flights.features': { ...data['flights.features'], '2001-03-08': rows } });
let cache = '';
const run = (given: typeof data) => runPipeline(whole, { partition: { day: '2001-03-08' }, params: { cache }, data: given, fakes: { 'heddle.notify': null } });

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'heddle-prewarm-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

describe('flights.score and flights.prewarm', () => {
  it('score each row, load them for look-ups, and serve every route at every hour without a mismatch', async () => {
    const result = await run(data);
    expect(result.failures).toEqual([]);
    const { scored, warmed } = result.output as Output;
    expect(scored).toMatchObject({ rows: 300, quarantined: 0, keys: 300 });
    // four airports, also to themselves in this made-up data
    expect(warmed).toMatchObject({ entries: 16 * 168, coverage: 1, weighted: 1, mismatches: 0 });
    const store = await openCache({ kind: 'embedded', folder: cache }, 'flights');
    const reader = cacheReader(store);
    expect(await reader.version()).toBe(warmed.served?.version);
    const at = async (route: string): Promise<number> => (await reader.get(`${route}/2/17`))?.score ?? Number.NaN;
    expect(await at('YAK-ORD')).toBeGreaterThan(await at('ATL-DEN')); // as the data were made
    await store.close();
    const table = await openCache({ kind: 'embedded', folder: cache }, 'flights-scores');
    const { flight, at: when, origin, destination } = today[17] as Record<string, string | number>; // a row as the data were made
    expect((await cacheReader(table).get(`${origin}-${destination}/${when}/${flight}`))?.score).toBeGreaterThan(0);
    await table.close();
  });

  it('put rows out of range into quarantine, and every row is accounted for', async () => {
    const odd = { ...today[7], logDistance: 99 };
    const result = await run(withToday(today.map((row, i) => (i === 7 ? odd : row))));
    expect((result.output as Output).scored).toMatchObject({ rows: 299, quarantined: 1, keys: 299 });
  });

  it('fail when too many rows are out of range', async () => {
    const result = await run(withToday(today.map((row) => ({ ...row, logDistance: 99 }))));
    expect(result.status).toBe('failed');
    const told = JSON.stringify(result.failures);
    expect(told).toMatch(/HDL-QUARANTINE: 300 of 300 rows \(100 %\) cannot be scored, and 1 % may be so \(logDistance above the range: 300\)/);
    expect(told).toMatch(/column logDistance has shifted by/);
  });

  it('fail when a row is lost between scoring and publishing', async () => {
    const model = { kind: 'model', name: 'flights.delay', version: '1', uri: 'memory:', digest: 'd' } as never; // a handle
    const file = { uri: 'u', digest: 'd', bytes: 1 };
    const part = { id: 'a', first: 0, count: 9, file, scored: 9, failed: 0, quarantined: 0, sum: 1, bins: [9] };
    const checked = checkScores.run({ parts: [part], rows: 10, kept: 10, quarantined: 0, model, last: null, onShift: 'warn' });
    await expect(checked).rejects.toThrow(/HDL-ROWS-LOST: .* 10 in, 0 quarantined and 10 kept, of which 9 were scored and 0 failed/);
  });
});
