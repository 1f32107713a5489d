/** Tasks that take many partitions of a backfill at once, and runs that live in a page's workflow, on the real system. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadCell } from '../../api/backfills/control-backfill.ts';
import type { BackfillView } from '../../cli/client/client.ts';
import { linesOf, startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

const project = `
  import { appendFileSync, existsSync, readFileSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { daily, dataset, pipeline, task, z } from 'heddle';
  const Day = daily({ start: '2001-01-01' });
  const Loads = dataset('b.loads', { uri: 'store://b/loads', partitions: Day, schema: z.object({ n: z.int() }) });
  const write = (ctx: { write: Function; into: { day: string } }, n: number) =>
    ctx.write(Loads, (async function* () { yield { numRows: 1, columns: { n: BigInt64Array.of(BigInt(n)) } }; })());
  const poisoned = (day: string) => existsSync('poison') && readFileSync('poison', 'utf8').split('\\n').includes(day);
  export const load = task({
    name: 'b.load', version: '1', output: Loads.slice,
    async run(_input, ctx) { appendFileSync('calls', 'one ' + ctx.into.day + '\\n'); return write(ctx, 1); },
    batch: {
      max: 30,
      async run(parts) {
        appendFileSync('calls', 'many ' + parts.length + '\\n');
        return Promise.all(parts.map(async ({ ctx }) => (poisoned(ctx.into.day) ? new Error('poisoned: ' + ctx.into.day) : write(ctx, 2))));
      },
    },
  });
  export const loads = pipeline({ name: 'loads', partitions: Day }, ({ partition }) => load({ into: partition }));
  const Short = dataset('b.short', { uri: 'store://b/short', partitions: Day, schema: z.object({ n: z.int() }) });
  export const lose = task({
    name: 'b.lose', version: '1', output: Short.slice,
    run: async (_input, ctx) => ctx.write(Short, [{ n: 1 }]),
    batch: { max: 5, run: async () => [new Error('only one')] },
  });
  export const loses = pipeline({ name: 'loses', partitions: Day }, ({ partition }) => lose({ into: partition }));
  const Slow = dataset('b.slow', { uri: 'store://b/slow', partitions: Day, schema: z.object({ n: z.int() }) });
  export const slow = task({
    name: 'b.slow', version: '1', output: Slow.slice,
    async run(_input, ctx) {
      appendFileSync('calls', 'slow ' + ctx.into.day + '\\n');
      ctx.log.info('waits for go');
      if (poisoned(ctx.into.day)) throw new Error('poisoned: ' + ctx.into.day);
      while (!existsSync('go')) await sleep(100, undefined, { signal: ctx.signal });
      return ctx.write(Slow, [{ n: 1 }]);
    },
  });
  export const slows = pipeline({ name: 'slows', partitions: Day }, ({ partition }) => slow({ into: partition }));`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/batch.ts': project } });
}, 120_000);
afterAll(() => system?.stop());

type Shown = BackfillView & { readonly dead: readonly DeadCell[] };
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await system.heddle(...args, '--json');
  expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBeLessThan(2);
  return JSON.parse(stdout) as T;
}
const calls = (): string[] => linesOf(join(system.folder, 'calls'));
const published = (name: string): string[] => readdirSync(join(system.store, 'b', name)).filter((entry) => entry.startsWith('day='));

describe('a task with batch', () => {
  it('takes 30 partitions of a backfill in one attempt; of 28 good and 2 bad, the 28 are published and only the 2 are redone', async () => {
    writeFileSync(join(system.folder, 'poison'), '2001-01-05\n2001-01-20');
    const planned = await json<BackfillView>('backfill', 'plan', 'loads', '--from', '2001-01-01', '--to', '2001-01-30', '--concurrency', '30');
    const ended = await json<Shown>('backfill', 'start', planned.id, '--wait');
    expect(ended).toMatchObject({ state: 'done', counts: { done: 28, failed: 2, blocked: 0, cancelled: 0 } });
    expect(ended.dead.map(({ key, failure }) => [key, failure?.class, failure?.message])).toEqual([
      ['2001-01-20', 'user', 'poisoned: 2001-01-20'],
      ['2001-01-05', 'user', 'poisoned: 2001-01-05'],
    ]);
    expect(calls()).toEqual(['many 30']);
    expect(published('loads')).toHaveLength(28);
    writeFileSync(join(system.folder, 'poison'), '');
    const again = await json<BackfillView>('backfill', 'redo', planned.id);
    expect(await json<Shown>('backfill', 'start', again.id, '--wait')).toMatchObject({ state: 'done', counts: { done: 2, failed: 0 } });
    expect(calls()).toEqual(['many 30', 'many 2']);
    expect(published('loads')).toHaveLength(30);
  });

  it('runs its own code in any other run', async () => {
    expect(await system.ended(await system.run('loads', '--partition', '2001-02-01'))).toMatchObject({ status: 'done' });
    expect(calls().at(-1)).toBe('one 2001-02-01');
  });

  it('that gives fewer outcomes than partitions fails all of them, and says so', async () => {
    const planned = await json<BackfillView>('backfill', 'plan', 'loses', '--from', '2001-01-01', '--to', '2001-01-05', '--concurrency', '5');
    const ended = await json<Shown>('backfill', 'start', planned.id, '--wait');
    expect(ended.counts).toMatchObject({ done: 0, failed: 5 });
    expect(new Set(ended.dead.map(({ failure }) => failure?.code))).toEqual(new Set(['HDL-BATCH-OUTCOMES']));
    expect(existsSync(join(system.store, 'b', 'short', 'day=2001-01-01'))).toBe(false);
  });
});

describe('a run in the page of a backfill', () => {
  it('is shown and explained while it runs; cancel, pause and retry name the command for the backfill', async () => {
    writeFileSync(join(system.folder, 'poison'), '2001-01-02');
    const planned = await json<BackfillView>('backfill', 'plan', 'slows', '--from', '2001-01-01', '--to', '2001-01-03', '--concurrency', '3');
    await json('backfill', 'start', planned.id);
    await until('all three', () => calls().filter((call) => call.startsWith('slow')).length === 3);
    const { items } = await json<{ items: { runId: string; partition: string }[] }>('runs', '--backfill', planned.id);
    const run = items.find(({ partition }) => partition === '2001-01-01')?.runId ?? '';
    const bad = items.find(({ partition }) => partition === '2001-01-02')?.runId ?? '';
    type Steps = { readonly items: readonly { readonly step: string; readonly status: string }[] };
    const live = await until('the live step', async () => {
      const answer = await system.call<Steps>('GET', `/runs/${run}/steps`);
      return answer?.body.items.find(({ status }) => status === 'running');
    });
    expect(live.step).toBe('b.slow');
    expect(await json('explain', run, 'b.slow')).toMatchObject({ status: 'running' });
    expect((await system.heddle('show', run)).stdout).toMatch(/b\.slow +running/);
    await until('its log', async () => (await system.heddle('logs', run, 'b.slow')).stdout.includes('waits for go'));
    for (const verb of ['cancel', 'pause']) {
      const { code, stdout, stderr } = await system.heddle(verb, run, '--json');
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('HDL-RUN-IN-BACKFILL');
      expect(stdout + stderr).toContain(`heddle backfill pause ${planned.id}`);
    }
    writeFileSync(join(system.folder, 'go'), '');
    const ended = await json<Shown>('backfill', 'show', planned.id, '--wait');
    expect(ended.counts).toMatchObject({ done: 2, failed: 1 });
    const retried = await system.heddle('retry', bad, '--json');
    expect(retried.stdout + retried.stderr).toContain('HDL-RUN-IN-BACKFILL');
    expect(retried.stdout + retried.stderr).toContain(`heddle backfill redo ${planned.id}`);
  }, 120_000);
});
