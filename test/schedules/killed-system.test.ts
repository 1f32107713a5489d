/**
 * Schedules on the whole system: the server was down for three days of five daily pipelines, and is killed again in the middle
 * of making up for them, as Temporal is. Each day of each has one run, in order, told as late.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ScheduleDetail } from '../../api/schedules/schedule-view.ts';
import type { RunSummary } from '../../dsl/contract/api.ts';
import { startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

const DAY_MS = 86_400_000;
const NAMES = ['one', 'two', 'three', 'four', 'five'];
const pipelines = `import { daily, pipeline, task, z } from 'heddle';
const Day = daily({ start: '2001-01-01' });
const work = task({ name: 'work', version: '1', output: z.int(), retry: { attempts: 20, backoff: '1s' }, run: async () => 1 });
${NAMES.map((name) => `export const ${name} = pipeline({ name: '${name}', partitions: Day, schedule: { cron: '30 0 * * *', catchup: '10d' } }, () => work());`).join('\n')}
`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/days.ts': pipelines } });
}, 300_000);
afterAll(() => system?.stop());

/** A read or write of the server's own catalog, beside it or while it is down. */
function catalog<T>(use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(system.folder, '.heddle', 'catalog.db'), { timeout: 10_000 });
  try {
    return use(db);
  } finally {
    db.close();
  }
}
const ticksIn = (state: string): number => catalog((db) => Number(db.prepare('select count(*) as n from ticks where state = ?').get(state)?.['n']));
const partition = (nominal: number): string => new Date(nominal - DAY_MS).toISOString().slice(0, 10);

it('what was missed while the server was down is made up for, once and in order, though server and Temporal are killed meanwhile', async () => {
  const applied = await system.heddle('apply', '--yes');
  expect(applied.code, applied.stderr).toBe(0);
  await system.server.kill();
  const nominals = catalog((db) => {
    const { next } = db.prepare('select min(next_nominal) as next from schedules').get() as { next: number };
    db.prepare('update schedules set next_nominal = next_nominal - ?, next_at = next_at - ?').run(3 * DAY_MS, 3 * DAY_MS); // as if it had been down since then
    return [3, 2, 1].map((days) => next - days * DAY_MS);
  });

  await system.server.start();
  await until('ticks that are written down and not started', () => ticksIn('due') > 0 && ticksIn('started') > 0);
  await system.server.kill();
  expect(ticksIn('due')).toBeGreaterThan(0);
  await system.server.start();
  await system.temporal.kill(); // it starts runs that Temporal does not take yet
  await system.temporal.restart();
  await until('all ticks', () => ticksIn('started') === NAMES.length * nominals.length, 240_000);

  for (const name of NAMES) {
    const runs = await until(`the runs of ${name}`, async () => {
      const answer = await system.call<{ items: RunSummary[] }>('GET', `/runs?pipeline=${name}`);
      const items = answer?.body.items.toReversed() ?? [];
      return items.length >= nominals.length && items.every(({ status }) => status === 'done') && items;
    });
    expect(runs.map((run) => [run.partition, run.startedBy])).toEqual(nominals.map((nominal) => [partition(nominal), 'schedule']));
    const detail = await system.call<ScheduleDetail>('GET', `/schedules/${name}`);
    expect(detail?.body.ticks.toReversed().map(({ nominal, runs: own }) => [nominal, own])).toEqual(nominals.map((nominal, i) => [nominal, [runs[i]?.runId]]));
    expect(detail?.body.ticks.every(({ why }) => why?.startsWith('caught up, ') || why === 'its partition had its run before')).toBe(true);
  }
  const { stdout } = await system.heddle('schedules', 'one');
  expect(stdout).toMatch(/started: (caught up, \d+ s late|its partition had its run before)/);
}, 400_000);
