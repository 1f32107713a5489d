/** flights.score in process with a model that was really trained: what it tells, and what it refuses, when a day is unlike the others. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pipeline, z } from '../../dsl/index.ts';
import { Day, Features } from '../../pipelines/data.ts';
import { score } from '../../pipelines/score.ts';
import { OnShift } from '../../pipelines/score/validate.ts';
import { trainOne } from '../../pipelines/train/trials.ts';
import { buildDataset, resolve } from '../../pipelines/train/dataset.ts';
import { runPipeline } from '../../testing/index.ts';
import { syntheticData } from '../pipelines/synthetic-features.ts';
import { dayStart } from '../pipelines/synthetic-flights.ts';

const DAY = '2001-03-08';
const params = z.object({ cache: z.string(), onShift: OnShift, tolerate: z.number() });
/** Artifacts live as long as a run of the kit: so one run trains and scores. */
const whole = pipeline({ name: 'test.shifted', partitions: Day, params }, ({ params: given, partition }) => {
  const data = buildDataset({ features: Features.before(partition, '35d'), interval: resolve({ asOf: partition.start, seed: 1 }) });
  const { model } = trainOne({ data, point: { hidden: 0, rate: 0.01 }, seed: 1 });
  return score({ model, cache: given.cache, onShift: given.onShift, tolerate: given.tolerate, partition });
});
interface Output {
  readonly rows: number;
  readonly quarantined: number;
  readonly failed: number;
  readonly shiftedColumns: readonly string[];
  readonly scoreShift: readonly string[];
}
const data = syntheticData('2001-03-09', 36, 300);
const today = data['flights.features'][DAY]!;
let cache = '';
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'heddle-scores-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

async function run(rows: readonly object[], options: { readonly onShift?: 'warn' | 'fail'; readonly last?: readonly object[] } = {}) {
  const given = {
    ...data,
    'flights.features': { ...data['flights.features'], [DAY]: [...rows] },
    ...(options.last && { 'flights.scores': { '2001-03-07': [...options.last] } }),
  };
  const result = await runPipeline(whole, {
    partition: { day: DAY },
    params: { cache, onShift: options.onShift ?? 'warn', tolerate: 1 },
    data: given,
    fakes: { 'heddle.notify': null },
  });
  return { status: result.status, output: result.output as Output, told: JSON.stringify(result.failures) };
}
/** Scores of the day before: `of` gives the i-th. */
const scoresOf = (of: (i: number) => number): object[] =>
  Array.from({ length: 300 }, (_, i) => ({
    flight: i,
    at: dayStart('2001-03-07') + i,
    origin: 'ATL',
    destination: 'ORD',
    score: of(i),
    model: 'flights.delay@1',
  }));
/** Far from training by more than three deviations, and for most rows within the range that may be scored. */
const shifted = today.map((row, i) => ({ ...row, logDistance: i % 30 === 0 ? 6 : 99 }));

describe('flights.score', () => {
  it('tells nothing on a day like the others', async () => {
    const { output } = await run(today);
    expect(output).toMatchObject({ rows: 300, quarantined: 0, failed: 0, shiftedColumns: [], scoreShift: [] });
  });
  it('names a column that has shifted by three deviations in its output', async () => {
    const { output } = await run(shifted);
    expect(output.shiftedColumns).toEqual([expect.stringMatching(/^column logDistance has shifted by .* standard deviations/)]);
    expect(output.rows + output.quarantined).toBe(300);
  });
  it('fails for it where that is declared, before anything is scored', async () => {
    const { status, told } = await run(shifted, { onShift: 'fail' });
    expect(status).toBe('failed');
    expect(told).toMatch(/HDL-SHIFTED: Column logDistance has shifted/);
  });
  it('compares its scores with those of the last run', async () => {
    const same = await run(today, { last: scoresOf((i) => 0.05 + (i % 30) / 100) });
    const other = await run(today, { last: scoresOf((i) => 0.7 + (i % 30) / 100) });
    expect(other.told).toBe('[]');
    expect(other.output.scoreShift).toEqual([expect.stringMatching(/moved away from those of 2001-03-07/)]);
    expect(same.status).toBe('done');
    const failed = await run(today, { last: scoresOf((i) => 0.7 + (i % 30) / 100), onShift: 'fail' });
    expect(failed.told).toMatch(/HDL-SHIFTED: The scores have moved away/);
  });
});
