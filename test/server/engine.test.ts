/** The server with the real interpreter on a real Temporal. The pool's worker is a bare Temporal worker with one activity. */
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Explanation, OpenGate, Page, RunDetail, RunSummary } from '../../dsl/contract/api.ts';
import {
  queueOf,
  type ItemListHandle,
  type JoinItemsCall,
  type ReadItemsCall,
  type StepCall,
  type StepResult,
  type WriteItemsCall,
} from '../../dsl/contract/step.ts';
import type { Json, Plan, PlanNode } from '../../dsl/plan/types.ts';
import { planHashOf } from '../../storage/digest.ts';
import { reconcilePass } from '../../workers/server-reconciler.ts';
import { startServer, type RunningServer } from '../../workers/server.ts';
import { startTemporal, type TemporalPart } from '../real-parts/temporal.ts';
import { client, testConfig, tinyPlan, until, type Client, type TestConfig } from './test-server.ts';

let temporal: TemporalPart;
let state: TestConfig;
let server: RunningServer;
let api: Client;
let connection: NativeConnection;
let worker: Worker;
let ended: Promise<void>;
let broken = false;

const tiny = async (call: StepCall): Promise<StepResult> => {
  if (broken && call.step === 'second')
    throw ApplicationFailure.create({ type: 'user', message: 'broken', nonRetryable: true, details: [{ class: 'user', code: 'Error', message: 'broken' }] });
  return { output: { step: call.step, input: call.input }, meta: { startedAt: Date.now(), attempt: 1, worker: 'bare', ms: 1 } };
};

/** Item pages in memory. */
const written = new Map<string, readonly Json[]>();
const pages = {
  'heddle.read_items': async ({ list, page }: ReadItemsCall) => ({ items: [`${list.uri}${page}`] }),
  'heddle.write_items': async ({ runId, items }: WriteItemsCall) => {
    written.set(runId, [...(written.get(runId) ?? []), ...items]);
    return { uri: runId, count: items.length };
  },
  'heddle.join_items': async ({ runId }: JoinItemsCall): Promise<ItemListHandle> => ({ kind: 'items', uri: runId, count: 1, pageSize: 1, digest: '' }),
};
const listMap = (nodes: PlanNode[], output: Json): PlanNode => ({
  kind: 'map',
  id: 'each',
  over: { $lit: { kind: 'items', uri: 'item', count: 1, pageSize: 1, digest: '' } },
  items: 'list',
  parallel: 1,
  depth: 0,
  body: { nodes, output },
});

beforeAll(async () => {
  temporal = await startTemporal();
  state = testConfig(temporal.address);
  server = await startServer({ config: state.config, log: pino({ level: 'silent' }) });
  api = client(server.url, state.config);
  connection = await NativeConnection.connect({ address: temporal.address });
  worker = await Worker.create({ connection, taskQueue: queueOf('default', 'default', 'small'), activities: { tiny, ...pages } });
  ended = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await ended;
  await connection?.close();
  await server?.close();
  await temporal?.stop();
  state?.remove();
});

const task = (id: string, input: object = {}, after?: string[]): PlanNode => ({
  kind: 'task',
  id,
  task: 'tiny@1',
  input: input as never,
  ...(after && { after }),
});
async function stored(nodes: PlanNode[], over: Partial<Plan['contracts']> = {}, calls: Record<string, string> = {}, name = 'tiny.pipeline'): Promise<Plan> {
  const base = tinyPlan();
  const rules = { 'tiny@1': { ...base.skeleton.tasks['tiny@1'], attempts: 1 } } as Plan['skeleton']['tasks'];
  const plan: Plan = {
    ...base,
    name,
    skeleton: { ...base.skeleton, name, tasks: rules, calls, body: { nodes, output: { $ref: [nodes.at(-1)?.id ?? ''] } } },
    contracts: { ...base.contracts, ...over },
  };
  const { status, body } = await api.post('/plans', { plan, hash: planHashOf(plan) });
  expect(status, JSON.stringify(body)).toBe(200);
  return plan;
}

it('a run goes through interpreter and worker to its exact record', async () => {
  const plan = await stored([task('first', { n: { $ref: ['$params', 'rates', '0'] } }), task('second', { of: { $ref: ['first', 'step'] } })]);
  const { body } = await api.run(plan, {});
  const run = await api.ended(body.runId);
  expect(run).toMatchObject({ status: 'done', counts: { done: 2 }, output: { step: 'second', input: { of: 'first' } } });
  expect(run.steps.map((step) => [step.step, step.status, step.worker, step.attempts])).toEqual([
    ['first', 'done', 'bare', 1],
    ['second', 'done', 'bare', 1],
  ]);
});

it('a failed run is retried from what it had finished', async () => {
  const plan = await stored([task('first'), task('second', { of: { $ref: ['first', 'step'] } }), task('third', { of: { $ref: ['second', 'step'] } })]);
  broken = true;
  const { body } = await api.run(plan, {});
  const failed = await api.ended(body.runId);
  expect(failed).toMatchObject({ status: 'failed', counts: { done: 1, failed: 1, blocked: 1 } });
  expect(failed.steps[2]?.failure?.code).toBe('HDL-UPSTREAM-FAILED');
  expect((await api.get<Explanation>(`/runs/${body.runId}/explain?step=third`)).body).toMatchObject({
    status: 'blocked',
    because: [expect.stringContaining('second')],
  });
  broken = false;
  expect((await api.post<RunSummary>(`/runs/${body.runId}/retry`, {})).body.status).toBe('running');
  const done = await api.ended(body.runId);
  expect(done).toMatchObject({ status: 'done', counts: { done: 3 } });
  expect(done.steps[0]).toEqual(failed.steps[0]); // not run again: its record is that of the first try
});

it('a gate is listed, answered and recorded with who and note', async () => {
  const plan = await stored([
    { kind: 'gate', id: 'ok', ask: 'Promote?', show: { n: 1 }, from: ['ml-oncall'], withinMs: 60_000, onTimeout: 'reject' },
    task('after', { by: { $ref: ['ok', 'by'] } }),
  ]);
  const { body } = await api.run(plan, {});
  await until(async () => (await api.get<Page<OpenGate>>('/approvals')).body.items.find((gate) => gate.runId === body.runId));
  expect((await api.get<RunDetail>(`/runs/${body.runId}`)).body.steps[0]).toMatchObject({ step: 'ok', status: 'waiting' });
  expect((await api.post(`/runs/${body.runId}/answer`, { step: 'ok', approved: true, note: 'fine' })).status).toBe(200);
  expect(await api.ended(body.runId)).toMatchObject({ status: 'done', output: { input: { by: 'local' } } });
});

it('a gate in a page of a list map is listed under its path, and its answer reaches the page', async () => {
  const ok: PlanNode = { kind: 'gate', id: 'ok', ask: 'Keep?', show: { $ref: ['$item0'] }, from: ['ml-oncall'], withinMs: 60_000, onTimeout: 'reject' };
  const plan = await stored([listMap([ok, task('after')], { $ref: ['ok', 'by'] })]);
  const { body } = await api.run(plan, {});
  const gate = await until(async () => (await api.get<Page<OpenGate>>('/approvals')).body.items.find(({ runId }) => runId === body.runId));
  expect(gate).toMatchObject({ step: 'each[0].ok', show: 'item0' });
  expect((await api.post(`/runs/${body.runId}/answer`, { step: gate.step, approved: true })).status).toBe(200);
  expect(await api.ended(body.runId)).toMatchObject({ status: 'done' });
  expect(written.get(body.runId)).toEqual(['local']);
});

it('the pages of a run whose workflow was terminated are cancelled when the server closes the run', async () => {
  const wait: PlanNode = { kind: 'wait', id: 'data', on: { path: 'store://never' }, withinMs: 600_000 };
  const plan = await stored([listMap([wait, task('after')], null)]);
  const { body } = await api.run(plan, {});
  const { workflow } = server.parts.temporal;
  const page = workflow.getHandle(`${body.workflowId}/each[0..0]`);
  await until(async () => (await page.describe().catch(() => null))?.status.name === 'RUNNING');
  await workflow.getHandle(body.workflowId).terminate();
  expect((await page.describe()).status.name).toBe('RUNNING');
  await until(async () => {
    await reconcilePass(server.parts, Date.now() + 60_000, '');
    return (await page.describe()).status.name === 'CANCELLED';
  });
  expect((await api.get<RunDetail>(`/runs/${body.runId}`)).body.status).toBe('cancelled');
});

it('a called pipeline is a run of its own, and a started one lives on', async () => {
  const child = await stored([task('inner', { p: { $ref: ['$params', 'mode'] } })], {}, {}, 'tiny.child');
  const hash = planHashOf(child);
  const call = (id: string, mode: 'call' | 'start'): PlanNode => ({ kind: 'pipeline', id, pipeline: child.name, mode, params: { mode: id }, partition: null });
  const plan = await stored(
    [call('called', 'call'), call('started', 'start'), task('last', { got: { $ref: ['called', 'input'] }, run: { $ref: ['started', 'runId'] } })],
    {},
    { [child.name]: hash },
    'tiny.parent',
  );
  const { body } = await api.run(plan, {});
  const run = await api.ended(body.runId);
  expect(run).toMatchObject({ status: 'done', output: { input: { got: { p: 'called' } } } });
  const children = (await api.get<Page<RunSummary>>('/runs?pipeline=tiny.child')).body.items;
  expect(children.map((item) => item.parent)).toEqual(
    expect.arrayContaining([
      { runId: body.runId, step: 'called' },
      { runId: body.runId, step: 'started' },
    ]),
  );
  for (const item of children) expect(await api.ended(item.runId)).toMatchObject({ status: 'done', counts: { done: 1 } });
});

it('a step that no worker can take shows what it waits for, and cancel ends it', async () => {
  const plan = await stored([task('first')]);
  const rules = { ...plan.skeleton.tasks['tiny@1'], class: 'large' } as Plan['skeleton']['tasks'][string];
  const other: Plan = { ...plan, skeleton: { ...plan.skeleton, tasks: { 'tiny@1': rules } } };
  await api.post('/plans', { plan: other, hash: planHashOf(other) });
  const { body } = await api.run(other, {});
  await until(async () => (await api.get<RunDetail>(`/runs/${body.runId}`)).body.steps.some((step) => step.status === 'queued'));
  expect((await api.get<Explanation>(`/runs/${body.runId}/explain?step=first`)).body.because[0]).toContain('no worker in pool "default" has tiny version 1');
  await api.post(`/runs/${body.runId}/cancel`, {});
  expect(await api.ended(body.runId)).toMatchObject({ status: 'cancelled' });
});

it('an end by force ends what the run called, too', async () => {
  const child = await stored([{ kind: 'wait', id: 'data', on: { event: 'landed' }, withinMs: 60_000 }], {}, {}, 'tiny.waiting');
  const plan = await stored(
    [{ kind: 'pipeline', id: 'called', pipeline: child.name, mode: 'call', params: {}, partition: null }],
    {},
    { [child.name]: planHashOf(child) },
    'tiny.caller',
  );
  const { body } = await api.run(plan, {});
  const called = await until(async () => (await api.get<Page<RunSummary>>('/runs?pipeline=tiny.waiting&status=running')).body.items[0]);
  await until(async () => (await api.get<RunDetail>(`/runs/${called.runId}`)).body.counts.waiting === 1);
  expect((await api.post<RunSummary>(`/runs/${body.runId}/cancel`, { force: true, reason: 'enough' })).body).toMatchObject({ status: 'cancelled' });
  expect((await api.get<RunDetail>(`/runs/${called.runId}`)).body).toMatchObject({ status: 'cancelled', failures: [{ message: 'enough' }] });
  for (const { workflowId } of [body, called]) expect((await server.parts.temporal.workflow.getHandle(workflowId).describe()).status.name).not.toBe('RUNNING');
});

it('pause starts nothing new, resume goes on', async () => {
  const plan = await stored([{ kind: 'wait', id: 'data', on: { event: 'landed' }, withinMs: 60_000 }, task('use', { rows: { $ref: ['data', 'rows'] } })]);
  const { body } = await api.run(plan, {});
  await until(async () => (await api.get<RunDetail>(`/runs/${body.runId}`)).body.steps.some((step) => step.status === 'waiting'));
  expect((await api.post<RunSummary>(`/runs/${body.runId}/pause`, {})).body.status).toBe('paused');
  await api.post(`/runs/${body.runId}/events`, { event: 'landed', payload: { rows: 5 } });
  await until(async () => (await api.get<RunDetail>(`/runs/${body.runId}`)).body.counts.done === 1);
  expect((await api.get<RunSummary>(`/runs/${body.runId}/wait?timeoutMs=300`)).body.status).toBe('paused');
  await api.post(`/runs/${body.runId}/resume`, {});
  expect(await api.ended(body.runId)).toMatchObject({ status: 'done', output: { input: { rows: 5 } } });
});
