/** Called and started pipelines, and hand-written workflows as steps, on the real server. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PipelineNode, WorkflowNode } from '../../dsl/plan/types.ts';
import { Kit, until } from './kit.ts';
import { chain, plan, ref, step } from './plans.ts';
import { forever } from './step-fakes.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
  kit.control.plans.set('h1', plan('child', [step('twice', { x: ref('$params', 'x') }, { task: 'add@1' })], { output: { got: ref('twice') } }));
  kit.control.plans.set('h2', plan('broken', [step('bad')]));
  kit.on('bad', () => {
    throw new Error('odd data');
  });
  await kit.work({ taskQueue: 'authors', workflowsPath: fileURLToPath(new URL('./hand-written.ts', import.meta.url)) });
});
afterAll(() => kit.stop());

const call = (over: Partial<PipelineNode> = {}): PipelineNode => ({
  kind: 'pipeline',
  id: 'sub',
  pipeline: 'child',
  mode: 'call',
  params: { x: ref('$params', 'x') },
  partition: null,
  ...over,
});
const own = (over: Partial<WorkflowNode> = {}): WorkflowNode => ({
  kind: 'workflow',
  id: 'own',
  type: 'greet',
  queue: 'authors',
  input: { name: ref('$params', 'name') },
  timeoutMs: null,
  ...over,
});
const calls = { child: 'h1', broken: 'h2' };

describe('pipelines', () => {
  it('a called pipeline is a child workflow of its own type, and gives its output', async () => {
    const run = await kit.run(plan('caller', [call(), step('next', { x: ref('sub', 'got') }, { task: 'add@1' })], { calls, output: ref('next') }), {
      params: { x: 1 },
    });
    expect(await run.result()).toBe(3);
    const child = await kit.client.workflow.getHandle(`p:child:-:${run.runId}+sub`).describe();
    expect(child.type).toBe('child');
    expect(child.parentExecution?.workflowId).toBe(run.handle.workflowId);
    await until(
      () => kit.client.workflow.count(`HeddleRunId = '${run.runId}+sub' AND HeddleStatus = 'done' AND HeddlePlan = 'h1'`),
      ({ count }) => count === 1,
    );
    expect(kit.control.final(`${run.runId}+sub`)).toMatchObject({ status: 'done', output: { got: 2 } });
  });

  it('its failure is the step’s failure, with its reasons', async () => {
    const run = await kit.run(plan('caller', [call({ pipeline: 'broken' })], { calls }), { params: { x: 1 } });
    expect(await run.failure()).toMatch(/sub: HDL-RUN-FAILED: broken failed: bad: Error: odd data/);
    expect(run.steps().get('sub')?.failure?.class).toBe('user');
  });

  it('one that was terminated from outside fails the step with HDL-CHILD-ENDED', async () => {
    kit.on('hang', forever);
    kit.control.plans.set('h3', plan('hangs', [step('hang')]));
    const run = await kit.run(plan('caller', [call({ pipeline: 'hangs' })], { calls: { hangs: 'h3' } }), { params: { x: 1 } });
    const child = kit.client.workflow.getHandle(`p:hangs:-:${run.runId}+sub`);
    await until(
      () => child.describe().catch(() => null),
      (description) => description?.status.name === 'RUNNING',
    );
    await child.terminate();
    expect(await run.failure()).toContain('sub: HDL-CHILD-ENDED');
  });

  it('one whose id still runs fails the step with HDL-CHILD-OPEN', async () => {
    kit.on('hang', forever);
    const open = await kit.run(plan('hangs', [step('hang')]), { runId: 'busy+sub' });
    const run = await kit.run(plan('caller', [call({ pipeline: 'hangs' })], { calls: { hangs: 'h3' } }), { params: { x: 1 }, runId: 'busy' });
    expect(await run.failure()).toContain('sub: HDL-CHILD-OPEN');
    await open.handle.terminate();
  });

  it('one that the plan names no version of fails with HDL-UNKNOWN-PIPELINE', async () => {
    const run = await kit.run(plan('caller', [call()]), { params: { x: 1 } });
    expect(await run.failure()).toContain('sub: HDL-UNKNOWN-PIPELINE');
  });

  it('a started pipeline is handed over and not waited for', async () => {
    const run = await kit.run(plan('starter', [call({ mode: 'start', partition: { day: '1' } })], { calls, output: ref('sub', 'runId') }), {
      params: { x: 1 },
    });
    expect(await run.result()).toBe(`${run.runId}+sub`);
    expect(kit.control.started.at(-1)).toEqual({
      project: 'p',
      parent: { runId: run.runId, step: 'sub', pipeline: 'starter' },
      pipeline: 'child',
      planHash: 'h1',
      params: { x: 1 },
      partition: { day: '1' },
    });
  });
});

describe('hand-written workflows', () => {
  it('run on their author’s worker, and give their result', async () => {
    const run = await kit.run(plan('own', [own()], { output: ref('own', 'text') }), { params: { name: 'Ann' } });
    expect(await run.result()).toBe('Hello Ann');
    expect(run.steps().get('own')).toMatchObject({ kind: 'workflow', status: 'done' });
  });

  it('fail their step', async () => {
    const run = await kit.run(plan('own', [own({ type: 'refuse' })]), { params: { name: 'Ann' } });
    expect(await run.failure()).toContain('own: Refused: no, Ann');
  });

  it('that do not end in time fail it with HDL-TIMEOUT-RUN', async () => {
    const run = await kit.run(plan('own', [own({ type: 'hang', timeoutMs: 1000 })]), { params: { name: 'Ann' } });
    expect(await run.failure()).toContain('own: HDL-TIMEOUT-RUN');
  });

  it('that are cancelled from outside fail it with HDL-STEP-CANCELLED', async () => {
    const run = await kit.run(plan('own', [own({ type: 'hang' })]), { params: { name: 'Ann' } });
    const child = kit.client.workflow.getHandle(`${run.handle.workflowId}/own`);
    await until(
      () => child.describe().catch(() => null),
      (description) => description?.status.name === 'RUNNING',
    );
    await child.cancel();
    expect(await run.failure()).toContain('own: HDL-STEP-CANCELLED');
  });

  it('a chain of sub-pipelines of many steps gives one number', async () => {
    kit.control.plans.set('h4', chain(5, 'five'));
    const run = await kit.run(
      plan('two', [call({ pipeline: 'five', id: 'a' }), call({ pipeline: 'five', id: 'b', after: ['a'] })], {
        calls: { five: 'h4' },
        output: [ref('a'), ref('b')],
      }),
      { params: { x: 1 } },
    );
    expect(await run.result()).toEqual([5, 5]);
  });
});
