/** Tasks with `cache`: when a step takes the result of an earlier one, and what it says about it. Over a real store. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { daily, dataset, itemList, task, z } from 'heddle';
import { runStep } from '../../activities/step/run-step.ts';
import { StepError } from '../../activities/step/step-error.ts';
import type { ItemListHandle, StepCall, StepResult } from '../../dsl/contract/step.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import { stepStorage } from '../../workers/step-storage.ts';
import { stepCall, tempHost, type TempHost } from './temp-host.ts';

let folder = '';
let ran = 0;
let now = 1_000_000;
const open: TempHost[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-results-'));
  ran = 0;
  now = 1_000_000;
});
afterEach(() => {
  for (const host of open.splice(0)) host.remove();
  rmSync(folder, { recursive: true, force: true });
});

const storage = () => stepStorage({ storageRoot: join(folder, 'store'), project: 'p' } as never);
async function attempt(t: unknown, input: Json, runId: string, more: Partial<StepCall> = {}, over: Parameters<typeof tempHost>[1] = {}): Promise<StepResult> {
  const { files, data } = storage();
  const host = tempHost([t], { files, data, now: () => now, ...over });
  open.push(host);
  return runStep(stepCall(t, input, { runId, ...more }), host);
}
const plain = { version: '1', input: z.object({ n: z.number() }), output: z.object({ twice: z.number() }), cache: true } as const;
const double = (over: object = {}) =>
  task({
    name: 'c.double',
    ...plain,
    async run({ n }) {
      ran++;
      return { twice: n * 2 };
    },
    ...over,
  });

it('the same version with the same input runs once, and says where its result comes from', async () => {
  const t = double();
  expect((await attempt(t, { n: 2 }, 'r1')).meta.cache).toEqual({ hit: false, why: 'no step of c.double version 1 has had this input' });
  const again = await attempt(t, { n: 2 }, 'r2');
  expect(again.output).toEqual({ twice: 4 });
  expect(again.meta.cache).toEqual({
    hit: true,
    why: 'the same version of the task had the same input in run r1, step c.double',
    runId: 'r1',
    step: 'c.double',
  });
  expect(ran).toBe(1);
});

it('another input, version, partition or task runs', async () => {
  await attempt(double(), { n: 2 }, 'r1');
  await attempt(double(), { n: 3 }, 'r1');
  await attempt(double({ version: '2' }), { n: 2 }, 'r1');
  await attempt(double({ name: 'c.other' }), { n: 2 }, 'r1');
  await attempt(double(), { n: 2 }, 'r1', { partition: '2001-03-01' });
  expect(ran).toBe(5);
});

it('a task without cache, and a run with --no-cache, take nothing; the latter still leaves its result', async () => {
  const without = double({ cache: false });
  await attempt(without, { n: 2 }, 'r1');
  expect((await attempt(without, { n: 2 }, 'r2')).meta.cache).toBeUndefined();
  expect(ran).toBe(2);
  const t = double();
  await attempt(t, { n: 2 }, 'r1');
  expect((await attempt(t, { n: 2 }, 'r2', { cache: false })).meta.cache).toEqual({ hit: false, why: 'the run takes no results of others (--no-cache)' });
  expect((await attempt(t, { n: 2 }, 'r3')).meta.cache).toMatchObject({ hit: true, runId: 'r2' });
});

it('a result that is older than the task allows is not used', async () => {
  const t = double({ cache: { for: '1h' } });
  await attempt(t, { n: 2 }, 'r1');
  now += 3_600_000;
  expect((await attempt(t, { n: 2 }, 'r2')).meta.cache?.hit).toBe(true);
  now += 1;
  expect((await attempt(t, { n: 2 }, 'r3')).meta.cache).toEqual({ hit: false, why: 'the result of run r1, step c.double is older than the task allows' });
  expect((await attempt(t, { n: 2 }, 'r4')).meta.cache).toMatchObject({ hit: true, runId: 'r3' });
});

it('an attempt that failed, or that was told to stop, leaves nothing', async () => {
  const failing = double({ run: async () => Promise.reject(new Error('no')) });
  await expect(attempt(failing, { n: 2 }, 'r1')).rejects.toBeInstanceOf(StepError);
  const wrong = double({ run: async () => ({ twice: 'x' }) });
  await expect(attempt(wrong, { n: 2 }, 'r1')).rejects.toBeInstanceOf(StepError);
  const stop = new AbortController();
  const stopped = double({
    async run() {
      stop.abort(new Error('cancelled'));
      return { twice: 0 };
    },
  });
  await attempt(stopped, { n: 2 }, 'r1', {}, { signal: stop.signal });
  expect((await attempt(double(), { n: 2 }, 'r2')).meta.cache?.hit).toBe(false);
});

it('a result whose artifact or item list is gone is not used', async () => {
  const t = task({
    name: 'c.writes',
    version: '1',
    cache: true,
    output: z.object({ file: z.object({ uri: z.string(), digest: z.string(), bytes: z.number() }), list: itemList(z.number()) }),
    async run(_, ctx) {
      return { file: await ctx.artifact('a.txt', 'text'), list: await ctx.items([1, 2, 3]) };
    },
  });
  const { output } = await attempt(t, {}, 'r1');
  expect((await attempt(t, {}, 'r2')).output).toEqual(output);
  const { file, list } = output as unknown as { file: { uri: string }; list: { uri: string } };
  rmSync(fileURLToPath(file.uri));
  expect((await attempt(t, {}, 'r3')).meta.cache).toMatchObject({ hit: false, why: expect.stringContaining('a.txt is not there any more') });
  const third = (await attempt(t, {}, 'r4')).meta.cache;
  expect(third).toMatchObject({ hit: true, runId: 'r3' });
  rmSync(fileURLToPath(list.uri.replace('/r1/', '/r3/')), { recursive: true });
  expect((await attempt(t, {}, 'r5')).meta.cache).toMatchObject({ hit: false, why: expect.stringContaining('is not there any more') });
});

it('handles in an input count by what they stand for, not by where it lies', async () => {
  const artifact = (run: string, digest = 'd1') => ({ uri: `file:///store/${run}/a`, digest, bytes: 3 });
  const t = task({
    name: 'c.reads',
    version: '1',
    cache: true,
    input: z.object({ a: z.json(), list: z.json().optional() }),
    output: z.number(),
    async run() {
      return ++ran;
    },
  });
  await attempt(t, { a: artifact('r1') }, 'r1');
  expect((await attempt(t, { a: artifact('r2') }, 'r2')).meta.cache?.hit).toBe(true);
  expect((await attempt(t, { a: artifact('r2', 'd2') }, 'r3')).meta.cache?.hit).toBe(false);
  const model = (version: string, run: string) => ({ kind: 'model', name: 'm', version, uri: `file:///store/${run}/m`, digest: 'd' });
  await attempt(t, { a: model('1', 'r1') }, 'r4');
  expect((await attempt(t, { a: model('1', 'r2') }, 'r5')).meta.cache?.hit).toBe(true);
  expect((await attempt(t, { a: model('2', 'r2') }, 'r6')).meta.cache?.hit).toBe(false);
  const { data } = storage();
  const list = async (at: string, ...items: number[]) => (await data.writeItems(items, `store://steps/${at}`)) as ItemListHandle & JsonObject;
  await attempt(t, { a: 0, list: await list('x', 1, 2) }, 'r7');
  expect((await attempt(t, { a: 0, list: await list('y', 1, 2) }, 'r8')).meta.cache?.hit).toBe(true);
  expect((await attempt(t, { a: 0, list: await list('z', 1, 3) }, 'r9')).meta.cache?.hit).toBe(false);
});

it('a task that publishes is left out only while its partition stands in place', async () => {
  const Days = dataset('days', { uri: 'store://days', partitions: daily({ start: '2001-01-01' }), schema: z.object({ n: z.int() }) });
  const writes = (name: string, cache: boolean) =>
    task({
      name,
      version: '1',
      cache,
      output: Days.slice,
      async run(_, ctx) {
        ran++;
        return ctx.write(Days, [{ n: ran }]);
      },
    });
  const t = writes('c.publishes', true);
  const into = { day: '2001-01-02' };
  await attempt(t, {}, 'r1', { into });
  const publish = async ({ output, staged = [] }: StepResult, runId: string) =>
    storage().publish({ project: 'p', runId, step: 'c.publishes', pipeline: 'p', output, staged, replace: true });
  // staged and never published: nothing to use
  const second = await attempt(t, {}, 'r2', { into });
  expect(second.meta.cache).toMatchObject({ hit: false, why: expect.stringContaining('is not there any more') });
  const published = await publish(second, 'r2');
  const third = await attempt(t, {}, 'r3', { into });
  expect(third.meta.cache).toMatchObject({ hit: true, runId: 'r2' });
  expect(third.output).toEqual(published);
  expect(third.staged).toBeUndefined();
  expect((await attempt(t, {}, 'r4', { into: { day: '2001-01-03' } })).meta.cache?.hit).toBe(false);
  // another task puts another partition in its place
  await publish(await attempt(writes('c.elsewhere', false), {}, 'r5', { into }), 'r5');
  expect((await attempt(t, {}, 'r6', { into })).meta.cache).toMatchObject({ hit: false, why: expect.stringContaining('has been replaced since') });
});

it('a result above 4 KiB is stored anew for the run that uses it', async () => {
  const t = task({
    name: 'c.large',
    version: '1',
    cache: true,
    output: z.object({ text: z.string() }),
    async run() {
      ran++;
      return { text: 'x'.repeat(10_000) };
    },
  });
  await attempt(t, {}, 'r1');
  const { output } = await attempt(t, {}, 'r2');
  expect(JSON.stringify(output)).toContain('values/r2/');
  expect(await storage().data.loadInputs(output)).toEqual({ text: 'x'.repeat(10_000) });
  expect(ran).toBe(1);
});
