/** Backfills run on a real Temporal, server, worker and store. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadCell } from '../../api/backfills/control-backfill.ts';
import type { BackfillReport } from '../../api/backfills/finish-backfill.ts';
import type { BackfillView } from '../../cli/client/client.ts';
import { linesOf, startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';
import { thirtyDays } from './thirty-days.ts';

type Shown = BackfillView & { readonly dead: readonly DeadCell[] };
let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/days.ts': thirtyDays() } });
}, 120_000);
afterAll(() => system?.stop());

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await system.heddle(...args, '--json');
  expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBeLessThan(2);
  return JSON.parse(stdout) as T;
}
const plan = (...args: string[]): Promise<BackfillView> => json('backfill', 'plan', ...args);
async function run(id: string): Promise<Shown> {
  return json('backfill', 'start', id, '--wait');
}
/** What lies staged under a dataset's root. */
const stagedIn = (root: string): string[] => {
  const folder = join(root, '.heddle', 'staging');
  return existsSync(folder) ? readdirSync(folder).flatMap((run) => readdirSync(join(folder, run))) : [];
};
const calls = (): string[] => linesOf(join(system.folder, 'calls'));
const poison = (...days: string[]): void => {
  writeFileSync(join(system.folder, 'poison'), days.join('\n'));
};
const days = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `2001-01-${String(from + i).padStart(2, '0')}`);

describe('a backfill', () => {
  it('runs the whole chain upstream of its target in order, each cell once, and the store has all of it', async () => {
    const planned = await plan('report', '--from', '2001-01-03', '--to', '2001-01-12', '--with-upstream', '--concurrency', '4');
    expect(planned.cells).toBe(12 + 10 + 10);
    const ended = await run(planned.id);
    expect(ended).toMatchObject({ state: 'done', counts: { done: 32, failed: 0, blocked: 0, cancelled: 0 }, dead: [] });
    const report = ended.report as unknown as BackfillReport;
    expect(report).toMatchObject({ gapCount: 0, left: 0 });
    expect(calls().sort()).toEqual([...days(1, 12).map((day) => `count ${day}`), ...days(3, 12).flatMap((day) => [`sum ${day}`, `tell ${day}`])].sort());
    expect((await plan('report', '--from', '2001-01-03', '--to', '2001-01-12', '--with-upstream')).cells).toBe(0);
  });

  it('has runs like all others: listed by the backfill, with steps, and their record', async () => {
    const { items } = await json<{ items: { id: string }[] }>('backfill', 'list');
    const id = items.find((one) => one.id)?.id ?? '';
    const backfill = (await json<{ items: BackfillView[] }>('backfill', 'list')).items.find(({ state }) => state === 'done');
    expect(id).not.toBe('');
    const { items: runs } = await json<{ items: { runId: string; status: string; pipeline: string; partition: string }[] }>(
      'runs',
      '--backfill',
      backfill?.id ?? '',
      '--limit',
      '100',
    );
    expect(runs).toHaveLength(32);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['done']));
    const sum = runs.find(({ pipeline }) => pipeline === 'sums');
    const { code, stdout } = await system.heddle('show', sum?.runId ?? '');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^t\.sum +done/m);
  });

  it('does not stop for poisoned cells, lists them with class and first error, blocks what needs them; redo clears them', async () => {
    poison('2001-01-15', '2001-01-17');
    const planned = await plan('sums', '--from', '2001-01-13', '--to', '2001-01-20', '--with-upstream', '--concurrency', '3');
    const ended = await run(planned.id);
    expect(ended.state).toBe('done');
    // counts of 8 days without 2; sums of windows of three days without those that hold one of the 2
    expect(ended.counts).toEqual({ done: 6 + 3, failed: 2, blocked: 5, cancelled: 0 });
    expect(ended.dead.filter(({ status }) => status === 'failed')).toMatchObject([
      { pipeline: 'counts', key: '2001-01-17', failure: { class: 'user', message: expect.stringContaining('poisoned: 2001-01-17') } },
      { pipeline: 'counts', key: '2001-01-15' },
    ]);
    poison();
    const again = await json<BackfillView>('backfill', 'redo', planned.id);
    const redone = await run(again.id);
    expect(redone).toMatchObject({ state: 'done', counts: { done: again.cells, failed: 0, blocked: 0 }, redoOf: planned.id });
    for (const day of days(13, 20)) expect(calls().filter((call) => call === `sum ${day}`)).toHaveLength(1);
    expect(calls().filter((call) => call === 'count 2001-01-14')).toHaveLength(1);
  });

  it('is refused when the data changed since it was planned, and says what', async () => {
    const planned = await plan('counts', '--from', '2001-02-01', '--to', '2001-02-03');
    expect(await system.ended(await system.run('counts', '--partition', '2001-02-02'))).toMatchObject({ status: 'done' });
    const { code, stdout, stderr } = await system.heddle('backfill', 'start', planned.id, '--json');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('HDL-BACKFILL-CHANGED');
    expect(stdout + stderr).toContain('2001-02-02 was missing and is left alone now');
  });

  it('pauses itself when too many fail in a row, says so, and goes on when told', async () => {
    const bad = Array.from({ length: 28 }, (_, i) => `2001-03-${String(i + 1).padStart(2, '0')}`);
    poison(...bad);
    const planned = await plan('counts', '--from', '2001-03-01', '--to', '2001-03-28', '--concurrency', '2', '--stop-after', '4');
    const paused = await run(planned.id);
    expect(paused).toMatchObject({ state: 'paused', why: expect.stringContaining('failed in a row') });
    expect(paused.counts.failed).toBeGreaterThanOrEqual(4);
    expect(paused.counts.failed).toBeLessThan(10);
    poison();
    await json('backfill', 'resume', planned.id);
    const ended = await json<Shown>('backfill', 'show', planned.id, '--wait');
    // one that ran when it paused may have ended since
    expect(ended.counts.failed - paused.counts.failed).toBeLessThanOrEqual(1);
    expect(ended).toMatchObject({ state: 'done', counts: { done: 28 - ended.counts.failed, blocked: 0 } });
  });

  it('wants the size of a large one said, and runs it when it is', async () => {
    const planned = await plan('counts', '--keys', days(21, 23).join(','), '--force');
    const refused = await system.heddle('backfill', 'start', planned.id, '--json');
    expect(refused.stdout + refused.stderr).not.toContain('HDL-BACKFILL-CONFIRM'); // three are not many
    const year = await plan('counts', '--from', '2002-01-01', '--to', '2004-12-31');
    const { code, stdout, stderr } = await system.heddle('backfill', 'start', year.id, '--json');
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('HDL-BACKFILL-CONFIRM');
    expect(stdout + stderr).toContain('--confirm 1096');
    await json('backfill', 'cancel', year.id);
  });

  it('is left to another that has it, or refused where that is wanted', async () => {
    const first = await plan('counts', '--from', '2001-06-01', '--to', '2001-06-10', '--concurrency', '1', '--rate', '30/min');
    await json('backfill', 'start', first.id);
    const second = await plan('counts', '--from', '2001-06-08', '--to', '2001-06-12', '--order', 'oldest');
    expect(second.summary).toMatchObject({ pipelines: [{ counts: { owned: expect.any(Number) as number } }] });
    const { code, stdout, stderr } = await system.heddle(
      'backfill',
      'plan',
      'counts',
      '--from',
      '2001-06-01',
      '--to',
      '2001-06-12',
      '--overlap',
      'refuse',
      '--json',
    );
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('HDL-BACKFILL-OVERLAP');
    await json('backfill', 'cancel', first.id);
  });

  it.each([
    ['a backfill that there is not', ['backfill', 'start', '01J00000000000000000000000'], 'HDL-NO-BACKFILL'],
    ['one that has ended', ['backfill', 'pause', 'ENDED'], 'HDL-BACKFILL-STATE'],
    ['a plan without cells', ['backfill', 'start', 'EMPTY'], 'HDL-BACKFILL-EMPTY'],
  ])('is refused: %s', async (_, args, errorCode) => {
    const { items } = await json<{ items: BackfillView[] }>('backfill', 'list', '--limit', '100');
    const named = args.map((arg) =>
      arg === 'ENDED' ? (items.find(({ state }) => state === 'done')?.id ?? '') : arg === 'EMPTY' ? (items.find(({ cells }) => cells === 0)?.id ?? '') : arg,
    );
    const { code, stdout, stderr } = await system.heddle(...named, '--json');
    expect(code).toBeGreaterThan(0);
    expect(stdout + stderr).toContain(errorCode);
  });

  it('is cancelled with all that runs: nothing new begins and nothing is left half published', async () => {
    const planned = await plan('counts', '--from', '2001-05-01', '--to', '2001-05-31', '--concurrency', '1', '--rate', '60/min');
    await json('backfill', 'start', planned.id);
    await until('a first cell', () => calls().some((call) => call.startsWith('count 2001-05')));
    await json('backfill', 'cancel', planned.id);
    const ended = await until('the end', async () => {
      const shown = await json<Shown>('backfill', 'show', planned.id);
      return shown.state === 'cancelled' && shown;
    });
    expect((ended.report as unknown as BackfillReport).left).toBeGreaterThan(20);
    const begun = calls().length;
    await new Promise((resolve) => {
      setTimeout(resolve, 2_500);
    });
    expect(calls()).toHaveLength(begun);
    expect(stagedIn(join(system.store, 't', 'counts'))).toEqual([]);
    const { items: open } = await json<{ items: unknown[] }>('runs', '--backfill', planned.id, '--status', 'running');
    expect(open).toEqual([]);
  });
});
