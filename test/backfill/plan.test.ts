/** Plans of backfills by the state of real data: real Temporal, server, worker and store. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillView } from '../../cli/client/client.ts';
import type { BackfillSummary } from '../../api/backfills/plan-backfill.ts';
import { startSystem, type System } from '../chaos/system.ts';
import { thirtyDays } from './thirty-days.ts';

const DAYS = Array.from({ length: 8 }, (_, i) => `2001-01-${String(i + 1).padStart(2, '0')}`);
let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/days.ts': thirtyDays() } });
  for (const pipeline of ['counts', 'sums', 'report']) {
    const runs = await Promise.all(DAYS.slice(pipeline === 'counts' ? 0 : 2).map((day) => system.run(pipeline, '--partition', day)));
    for (const run of runs) expect(await system.ended(run)).toMatchObject({ status: 'done', failures: [] });
  }
}, 200_000);
afterAll(() => system?.stop());

async function plan(...args: string[]): Promise<{ readonly view: BackfillView; readonly summary: BackfillSummary }> {
  const { code, stdout, stderr } = await system.heddle('backfill', 'plan', ...args, '--json');
  expect(code, stderr).toBe(0);
  const view = JSON.parse(stdout) as BackfillView;
  return { view, summary: view.summary as unknown as BackfillSummary };
}
/** '2001-01-03..2001-01-05 missing' of the last pipeline, those that run. */
const chosen = ({ summary }: { readonly summary: BackfillSummary }, pipeline = summary.pipelines.at(-1)?.pipeline): string[] =>
  summary.pipelines
    .filter((one) => one.pipeline === pipeline)
    .flatMap(({ ranges }) => ranges.flatMap(({ from, to, do: reason }) => (reason ? [`${from === to ? from : `${from}..${to}`} ${reason.why}`] : [])));
const drop = (dataset: string, day: string): void => {
  const folder = join(system.store, 't', dataset, `day=${day}`);
  expect(existsSync(folder)).toBe(true);
  rmSync(folder, { recursive: true });
};
const range = ['--from', '2001-01-03', '--to', '2001-01-08'];

describe('a plan of a backfill', () => {
  it('has nothing to run where all is good, and says what it costs nothing to leave', async () => {
    const made = await plan('sums', ...range);
    expect(chosen(made)).toEqual([]);
    expect(made.view.cells).toBe(0);
    expect(made.summary.pipelines[0]?.counts).toEqual({ good: 6 });
  });

  it('leaves a cell whose input was never there, and names it', async () => {
    const made = await plan('sums', '--from', '2001-01-08', '--to', '2001-01-09');
    expect(made.summary.pipelines[0]?.ranges.at(-1)).toMatchObject({
      from: '2001-01-09',
      leave: { why: 'input-absent', dataset: 't.counts', partition: '2001-01-09', more: 0 },
    });
  });

  it('lists exactly what was deleted from the store', async () => {
    drop('sums', '2001-01-05');
    drop('sums', '2001-01-06');
    const made = await plan('sums', ...range);
    expect(chosen(made)).toEqual(['2001-01-05..2001-01-06 missing']);
    expect(made.summary.downstream).toMatchObject([
      { pipeline: 'report', dataset: 't.report', partitions: 2, first: '2001-01-05', last: '2001-01-06', distance: 1 },
    ]);
    expect(made.summary.estimate).toMatchObject({ runs: 2, from: '6 runs of sums' });
    const { stdout } = await system.heddle('backfill', 'plan', 'sums', ...range);
    expect(stdout).toContain('2001-01-05 .. 2001-01-06');
    expect(stdout).toContain('missing');
    expect(stdout).toContain('2 missing');
  });

  it('finds what is stale by a changed input, with its two manifests, and nothing else', async () => {
    expect(await system.ended(await system.run('counts', '--partition', '2001-01-04', '--param', 'plus=100'))).toMatchObject({ status: 'done' });
    const made = await plan('sums', ...range);
    // windows of three days: the 4th is read for the 4th, 5th and 6th, of which two are gone
    expect(chosen(made)).toEqual(['2001-01-04 stale-input', '2001-01-05..2001-01-06 missing']);
    const reason = made.summary.pipelines[0]?.ranges.find(({ from }) => from === '2001-01-04')?.do;
    expect(reason).toMatchObject({
      dataset: 't.counts',
      partition: '2001-01-04',
      from: expect.stringMatching(/^sha256:/),
      to: expect.stringMatching(/^sha256:/),
    });
    expect(reason?.why === 'stale-input' && reason.from !== reason.to).toBe(true);
  });

  it('sees upstream through: what is missing there is planned first, and what reads it after', async () => {
    drop('counts', '2001-01-08');
    const made = await plan('report', ...range, '--with-upstream');
    expect(made.summary.pipelines.map(({ pipeline }) => pipeline)).toEqual(['counts', 'sums', 'report']);
    expect(chosen(made, 'counts')).toEqual(['2001-01-08 missing']);
    expect(chosen(made, 'sums')).toEqual(['2001-01-04 stale-input', '2001-01-05..2001-01-06 missing', '2001-01-08 upstream']);
    expect(chosen(made, 'report')).toEqual(['2001-01-04..2001-01-06 upstream', '2001-01-08 upstream']);
  });

  it('takes a newer version of a task as another meaning: stale by code', async () => {
    system.write('pipelines/days.ts', thirtyDays({ sums: '2' }));
    const made = await plan('sums', ...range, '--only', 'stale');
    expect(chosen(made)).toEqual(['2001-01-03..2001-01-04 stale-code', '2001-01-07 stale-code']);
    expect(made.summary.pipelines[0]?.ranges[0]?.do).toEqual({ why: 'stale-code', task: 't.sum', from: '1', to: '2' });
    system.write('pipelines/days.ts', thirtyDays());
  });

  it('runs by force what is good, and by keys just those', async () => {
    expect(chosen(await plan('sums', '--keys', '2001-01-07,2001-01-03', '--force'))).toEqual(['2001-01-07..2001-01-03 forced']);
    expect(chosen(await plan('t.sums', ...range, '--only', 'missing'))).toEqual(['2001-01-05..2001-01-06 missing']);
  });

  it.each([
    ['an inverted range', ['sums', '--from', '2001-01-08', '--to', '2001-01-03'], 'HDL-BACKFILL-RANGE'],
    ['a partition before the first', ['sums', '--from', '2000-12-31', '--to', '2001-01-03'], 'HDL-BAD-KEY'],
    ['a key that is none', ['sums', '--keys', '2001-02-30'], 'HDL-BAD-KEY'],
    ['a dimension that there is not', ['sums', '--where', 'wiki=en'], 'HDL-BACKFILL-RANGE'],
    ['a dataset that nobody publishes', ['t.nothing'], 'HDL-BACKFILL-TARGET'],
    ['a rate that is none', ['sums', '--rate', 'fast'], 'HDL-USAGE'],
  ])('refuses %s before anything is kept', async (_, args, errorCode) => {
    const { code, stdout, stderr } = await system.heddle('backfill', 'plan', ...args, '--json');
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(errorCode);
  });
});
