/** Long steps of large runs on the real server: they outlive a continue-as-new, and a cancel or a pause reaches them all the same. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json, PipelineNode, WorkflowNode } from '../../dsl/plan/types.ts';
import type { LiveState } from '../../dsl/contract/run.ts';
import { executionsOf, Kit, until } from './kit.ts';
import { ended, held, limits, long, nodesOf } from './long-kit.ts';
import { block, mapOf, plan, ref, step } from './plans.ts';
import { forever } from './step-fakes.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
  kit.on('hang', forever);
  await kit.work({ taskQueue: 'authors', workflowsPath: fileURLToPath(new URL('./hand-written.ts', import.meta.url)) });
});
afterAll(() => kit.stop());

it('a long step runs once, through many executions of its run, none of which is long', async () => {
  const train = held();
  kit.on('train', train.handler);
  const run = await kit.run(
    plan('longs', [step('train'), ...nodesOf(120), step('last', { x: ref('train', 'auc') }, { task: 'add@1', after: ['s119'] })], {
      rules: { train: long },
      output: ref('last'),
    }),
    { limits },
  );
  await ended(run, 's119');
  const while_ = await executionsOf(kit, run.handle.workflowId);
  expect(while_.length).toBeGreaterThanOrEqual(4);
  expect(Math.max(...while_.map(({ events }) => events))).toBeLessThan(160);
  expect((await run.state()).steps.find((one) => one.step === 'train')).toMatchObject({ status: 'queued', endedAt: null });
  train.release({ auc: 1 });
  expect(await run.result()).toBe(2);
  expect(kit.steps.stepsOf(run.runId).filter((name) => name === 'train')).toHaveLength(1);
  expect(run.steps().get('train')).toMatchObject({ status: 'done', attempts: 1, worker: 'fake', output: { auc: 1 } });
  expect(run.steps().get('train')?.queuedAt).toBeLessThanOrEqual(run.steps().get('s0')?.endedAt as number);
  const [child] = await executionsOf(kit, `${run.handle.workflowId}/train`);
  expect(child).toMatchObject({ type: 'heddle.step', status: 'COMPLETED' });
});

it('a cancel after a continue-as-new reaches it, and leaves nobody behind', async () => {
  const calls = { child: 'h1' };
  kit.control.plans.set('h1', plan('child', [step('inner', {}, { task: 'hang@1' })]));
  const sub: PipelineNode = { kind: 'pipeline', id: 'sub', pipeline: 'child', mode: 'call', params: {}, partition: null };
  const own: WorkflowNode = { kind: 'workflow', id: 'own', type: 'hang', queue: 'authors', input: {}, timeoutMs: null };
  const items = mapOf('trials', ['a', 'b'], block([step('hang', { x: ref('$item0') })]), { key: ref('$item0') });
  const list = mapOf('page', kit.steps.items.list([1]) as unknown as Json, block([step('item', {}, { task: 'hang@1' })]), { items: 'list' });
  const always = block([step('clean', { status: ref('$outcome', 'status') }, { task: 'echo@1' })]);
  const run = await kit.run(plan('cancelslong', [items, sub, own, list, ...nodesOf(60)], { rules: { hang: long }, calls, always }), { limits });
  await ended(run, 's59');
  expect((await executionsOf(kit, run.handle.workflowId)).length).toBeGreaterThanOrEqual(2);
  await until(
    () => kit.steps.running,
    (running) => running === 4,
  );
  await run.handle.cancel();
  expect(await run.failure()).toContain('canceled');
  expect(kit.steps.running).toBe(0);
  for (const id of [`${run.handle.workflowId}/own`, `${run.handle.workflowId}/own/own`, `p:child:-:${run.runId}+sub`, `${run.handle.workflowId}/page[0..0]`])
    await until(
      () => kit.client.workflow.getHandle(id).describe(),
      ({ status }) => status.name === 'CANCELLED',
    );
  const rows = run.steps();
  expect(Object.fromEntries(['trials[a].hang', 'trials[b].hang', 'sub', 'own', 'page[0..0]', 's59'].map((name) => [name, rows.get(name)?.status]))).toEqual({
    'trials[a].hang': 'cancelled',
    'trials[b].hang': 'cancelled',
    sub: 'cancelled',
    own: 'cancelled',
    'page[0..0]': 'cancelled',
    s59: 'done',
  });
  expect(kit.control.final(run.runId)).toMatchObject({ status: 'cancelled', abandoned: [] });
  expect(kit.steps.stepsOf(run.runId).filter((name) => name === 'always.clean')).toHaveLength(1);
});

it('a pause that comes with the first moment of a new execution keeps what runs, and its result', async () => {
  const train = held();
  kit.on('train', train.handler);
  const map = mapOf('trials', ['a', 'b', 'c'], block([step('train', { x: ref('$item0') }), step('add', { x: ref('train') })], ref('add')), {
    parallel: 1,
    key: ref('$item0'),
  });
  const run = await kit.run(plan('pausedlong', [map, ...nodesOf(30)], { rules: { train: long }, output: ref('trials') }), { limits });
  let paused = false;
  kit.control.beforeRecord = async (call) => {
    if (call.runId !== run.runId || paused) return;
    paused = true;
    await run.control({ kind: 'pause', by: 'ann' });
  };
  await until(
    () => executionsOf(kit, run.handle.workflowId),
    ({ length }) => length === 2,
  );
  kit.control.beforeRecord = async () => {};
  await run.untilStep('trials[a].train', 'queued');
  train.release(1);
  await run.untilStep('trials[a].train', 'done');
  expect(kit.steps.stepsOf(run.runId).filter((name) => name.startsWith('trials'))).toEqual(['trials[a].train']);
  expect((await run.state()).status).toBe('paused');
  await run.control({ kind: 'resume', by: 'ann' });
  expect(await run.result()).toEqual([2, 2, 2]);
  expect(kit.steps.stepsOf(run.runId).filter((name) => name.endsWith('.train'))).toEqual(['trials[a].train', 'trials[b].train', 'trials[c].train']);
});

it('a chunk of a list map outlives a continue-as-new of its run, and a pause reaches it', async () => {
  const gate = held();
  kit.on('gated', gate.handler);
  const gated = (): number => kit.steps.calls.filter(({ runId, step: name }) => runId === run.runId && name.startsWith('each')).length;
  const items = kit.steps.items.list([1, 2, 3, 4], 4);
  const map = mapOf('each', items as unknown as Json, block([step('gated', { x: ref('$item0') })], ref('gated')), { items: 'list', parallel: 2 });
  const run = await kit.run(plan('longchunk', [map, ...nodesOf(60)], { output: [ref('each'), ref('s59')] }), { limits });
  await ended(run, 's59');
  const parents = await executionsOf(kit, run.handle.workflowId);
  expect(parents.length).toBeGreaterThanOrEqual(2);
  await run.control({ kind: 'pause', by: 'ann' });
  await until(
    async () => (await kit.client.workflow.getHandle(`${run.handle.workflowId}/each[0..3]`).query<LiveState>('heddle.state')).status,
    (status) => status === 'paused',
  );
  gate.release(5);
  await until(
    () => kit.client.workflow.getHandle(`${run.handle.workflowId}/each[0..3]`).query<LiveState>('heddle.state'),
    ({ counts }) => counts.done === 2,
  );
  expect(gated()).toBe(2);
  await run.control({ kind: 'resume', by: 'ann' });
  const [list, last] = (await run.result()) as [never, number];
  expect(kit.steps.items.all(list)).toEqual([5, 5, 5, 5]);
  expect(last).toBe(60);
  expect(gated()).toBe(4);
});
