/** All 182 days of the flights file through the real server: landed, features computed, scored day by day; the last day, of six flights, is caught. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { startSystem, type System } from './system.ts';

const FIRST = Date.parse('2001-01-01T00:00:00Z');
const DAYS = Array.from({ length: 182 }, (_, i) => new Date(FIRST + i * 86_400_000).toISOString().slice(0, 10));
const LAST = '2001-07-01';
const TRAINED = '2001-03-08';
/** Runs beside each other. */
const LANES = 3;
const END_MS = 600_000;

let system: System;
beforeAll(async () => {
  system = await startSystem({});
}, 300_000);
afterAll(() => system?.stop());

const run = async (pipeline: string, ...args: string[]): Promise<RunDetail> => system.ended(await system.run(pipeline, ...args), END_MS);
const done = (found: RunDetail): RunDetail => {
  expect(found, JSON.stringify(found.failures)).toMatchObject({ status: 'done', failures: [] });
  return found;
};

it(
  'the whole range is landed, its features are computed, and every day after training is scored; the day of six flights is refused',
  { timeout: 3_000_000 },
  async () => {
    expect(DAYS.at(-1)).toBe(LAST);
    done(await run('flights.land', '--param', `days=${JSON.stringify(DAYS)}`));
    done(await run('flights.features_range', '--param', `days=${JSON.stringify(DAYS.slice(1, -1))}`));

    const last = await run('flights.features', '--partition', LAST);
    expect(last.status).toBe('failed');
    expect(last.failures[0]?.message).toMatch(/HDL-EXPECTATION|6 rows|found 6/);

    const trained = done(
      await run('flights.train', '--partition', TRAINED, '--param', 'ask=false', '--param', 'minAuc=0.55', '--param', 'grid=[{"hidden":0,"rate":0.003}]'),
    );
    const { started } = (trained.output as { trained: { promoted: { started: { scoring: string; warming: string } } } }).trained.promoted;
    for (const runId of [started.scoring, started.warming]) done(await system.ended(runId, END_MS));

    const days = DAYS.filter((day) => day > TRAINED && day < LAST);
    let rows = 0;
    const lane = async (): Promise<void> => {
      for (let day = days.shift(); day !== undefined; day = days.shift()) {
        const { output } = done(await run('flights.score_daily', '--partition', day));
        const counts = output as { rows: number; quarantined: number; failed: number; keys: number };
        expect(counts.rows).toBeGreaterThan(5_000);
        rows += counts.rows + counts.quarantined + counts.failed;
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));

    const flights = await system.call<{ partitions: { key: string; rows: number }[] }>('GET', '/partitions/flights.features');
    expect(flights?.status).toBe(200);
    const expected = flights?.body.partitions.filter(({ key }) => key > TRAINED).reduce((sum, partition) => sum + partition.rows, 0);
    expect(rows).toBe(expected);
  },
);
