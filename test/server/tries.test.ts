/** Tries and results on the whole system: what a retry leaves of the try before, and steps that take the result of another run. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AttemptRecord, LogLine } from '../../dsl/contract/api.ts';
import { startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

const tries = `import { existsSync } from 'node:fs';
import { command, pipeline, task, z } from 'heddle';

export const once = task({ name: 't.once', version: '1', cache: true, input: z.object({ n: z.int() }), output: z.object({ at: z.number() }),
  run: async () => ({ at: Date.now() }) });
export const fails = task({ name: 't.fails', version: '1', retry: { attempts: 1, backoff: '1s', classes: { user: 1 } }, input: z.object({ at: z.number() }), output: z.int(), async run(_, ctx) {
  ctx.log.info('this is attempt ' + ctx.attempt + (existsSync('mended') ? ' of the retry' : ''));
  if (!existsSync('mended')) throw new Error('not yet');
  return ctx.attempt;
} });
export const program = command({ name: 't.program', version: '1', argv: ['sh', '-c', 'test "$TOKEN" = swordfish-in-the-sea && echo "[\\\\"$TOKEN\\\\"]" > "$HEDDLE_OUTPUT"'], output: z.array(z.string()), secrets: ['TOKEN'] });

export const p = pipeline({ name: 't.tries', params: z.object({ n: z.int().default(1) }) }, ({ params }) => {
  const { at } = once({ n: params.n }, { id: 'once' });
  return { at, attempt: fails({ at }, { id: 'fails' }), said: program({}, { id: 'program' }) };
});
`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/tries.ts': tries }, workerEnv: { HEDDLE_SECRET_TOKEN: 'swordfish-in-the-sea' } });
}, 300_000);
afterAll(() => system?.stop());

const json = async <T>(...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await system.heddle(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
};

let first = '';
it('a retry keeps rows and logs of the try before, and its rounds count on', async () => {
  first = await system.run('t.tries');
  expect((await system.ended(first)).failures).toMatchObject([{ step: 'fails', message: 'not yet' }]);
  const failed = await system.heddle('logs', first, 'fails', '--all');
  expect(failed.stdout).toMatch(/attempt 1 on .*\n.*this is attempt 1\n[^]*attempt 2 on .*\n.*this is attempt 2\n/);
  system.write('mended', '');
  expect((await system.heddle('retry', first, '--wait')).code).toBe(0);

  const { items } = await until('all attempts are known', async () => {
    const known = await json<{ items: AttemptRecord[] }>('show', first, '--attempts');
    return known.items.filter(({ step }) => step === 'fails').length === 3 && known;
  });
  expect(items.filter(({ step }) => step === 'fails').map(({ retry, attempt, failure }) => [retry, attempt, failure?.message ?? null])).toEqual([
    [0, 1, 'not yet'],
    [0, 2, 'not yet'],
    [1, 1, null],
  ]);
  const lines = async (...args: string[]) =>
    (await json<{ items: LogLine[] }>('logs', first, 'fails', ...args)).items.filter(({ level }) => level === 'info').map(({ text }) => text);
  expect(await lines()).toEqual(['this is attempt 1 of the retry']);
  expect(await lines('--retry', '0')).toEqual(['this is attempt 2']);
  expect(await lines('--retry', '0', '--attempt', '1')).toEqual(['this is attempt 1']);
  expect(await lines('--all')).toEqual(['this is attempt 1', 'this is attempt 2', 'this is attempt 1 of the retry']);
  expect((await system.heddle('explain', first, 'fails')).stdout).toMatch(/retry 1, attempt 1 on .*: ended well/);
}, 120_000);

it("a step with cache takes another run's result, and the record says whose", async () => {
  const before = (await system.ended(first)).output as { at: number };
  const second = await system.run('t.tries');
  const run = await system.ended(second);
  expect(run).toMatchObject({ status: 'done', output: { at: before.at, said: ['[secret TOKEN]'] } });
  expect((await system.heddle('show', second)).stdout).toContain(`not run: the result of run ${first}`);
  expect((await system.heddle('explain', second, 'once')).stdout).toContain(`It did not run: the same version of the task had the same input in run ${first}`);
  expect((await system.heddle('explain', first, 'once')).stdout).toContain('No result was used: no step of t.once version 1 has had this input.');
}, 120_000);

it('a run with --no-cache takes none', async () => {
  const before = (await system.ended(first)).output as { at: number };
  const third = await system.ended(await system.run('t.tries', '--no-cache'));
  expect(third.status).toBe('done');
  expect((third.output as { at: number }).at).toBeGreaterThan(before.at);
  expect((await system.heddle('explain', third.runId, 'once')).stdout).toContain('--no-cache');
}, 120_000);
