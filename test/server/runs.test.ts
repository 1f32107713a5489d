/** Runs on a server with a real Temporal and a hand-written workflow in the interpreter's place. */
import { trace, type Context, type TracerProvider } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowIdFor } from '../../api/runs/workflow-id.ts';
import { newId } from '../../catalog/ids.ts';
import { addRun, getRun } from '../../catalog/runs.ts';
import type { Explanation, LogLine, OpenGate, Page, RunDetail, RunSummary } from '../../dsl/contract/api.ts';
import type { RunInput } from '../../dsl/contract/run.ts';
import { reconcilePass } from '../../workers/server-reconciler.ts';
import type { RunningServer } from '../../workers/server.ts';
import { sampleRun } from '../catalog/samples.ts';
import { serverFixture, startTiny, tiny, type ServerFixture } from './server-fixture.ts';
import { client, until, type Client } from './test-server.ts';
import { WEIGHTS } from './weights.ts';

let server: RunningServer;
let api: Client;
let fixture: ServerFixture;
beforeAll(async () => {
  fixture = await serverFixture();
  ({ server, api } = fixture);
});
afterAll(() => fixture?.stop());
const { plan, planHash } = tiny;
const start = (params: object, more: object = {}): Promise<string> => startTiny(api, params, more);

describe('a run', () => {
  it('goes from POST to its record, its file in the store and its summary', async () => {
    const runId = await start({ mode: 'quick' });
    const run = await api.ended(runId);
    expect(run).toMatchObject({
      status: 'done',
      startedBy: 'local',
      params: { mode: 'quick', rates: [0.1] },
      output: { mode: 'quick' },
      counts: { done: 1 },
      workflowId: `default:tiny.pipeline:-:${runId}`,
    });
    expect(run.steps).toMatchObject([{ step: 'only', status: 'done', output: 1 }]);
    const file = await until(() => server.parts.store.stat(`store://runs/${runId}.json`).then((found) => found ?? undefined));
    expect(file.bytes).toBeGreaterThan(100);
    const description = await server.parts.temporal.workflow.getHandle(run.workflowId).describe();
    expect(description.type).toBe('tiny.pipeline');
    expect(description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toEqual(
      expect.arrayContaining([
        ['HeddleProject', 'default'],
        ['HeddleRunId', runId],
        ['HeddlePlan', planHash],
        ['HeddleStatus', 'running'],
      ]),
    );
  });

  it('with a key is one run, however often it is asked for; another body is refused', async () => {
    const bodies = await Promise.all([1, 2, 3].map(() => api.run(plan, { mode: 'quick' }, { key: 'k1' })));
    const ids = new Set(bodies.map(({ body }) => body.runId));
    expect(ids.size).toBe(1);
    expect(bodies.filter(({ body }) => body.existed === true)).toHaveLength(2);
    expect(await api.run(plan, { mode: 'fail' }, { key: 'k1' })).toMatchObject({ status: 409, body: { error: { code: 'HDL-KEY-REUSED' } } });
  });

  it('shows what the interpreter says while it runs, with what workers pushed', async () => {
    const runId = await start({ mode: 'hang' });
    const queued = await until(async () => {
      const { body } = await api.get<RunDetail>(`/runs/${runId}`);
      return body.steps.length > 0 && body;
    });
    expect(queued).toMatchObject({ status: 'running', counts: { queued: 1 }, steps: [{ step: 'slow', status: 'queued' }] });
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=slow`)).body).toEqual({
      step: 'slow',
      status: 'queued',
      because: ['waiting: no worker in pool "default" has tiny version 1 (no worker of that pool is here)'],
      place: 'pipelines/tiny.ts:3:5',
    });
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=later`)).body).toMatchObject({
      status: 'pending',
      because: ['It has not been reached: it comes after slow.'],
    });
    expect(await api.get(`/runs/${runId}/explain?step=slwo`)).toMatchObject({
      status: 404,
      body: { error: { code: 'HDL-NO-STEP', what: expect.stringContaining('"slow"') } },
    });
    const hello = { worker: 'w1', pid: 1, host: 'h', pool: 'default', classes: { small: 1 }, tasks: ['other@1'], startedAt: 1, draining: false };
    await api.post('/workers', hello);
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=slow`)).body.because[0]).toBe('waiting: no worker in pool "default" has tiny version 1');
    await api.post('/workers', { ...hello, tasks: ['tiny@1'] });
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=slow`)).body.because[0]).toBe(
      'waiting: for a free slot of class "small" in pool "default"',
    );
    const at = { runId, step: 'slow', attempt: 1, at: Date.now() };
    await api.post('/events', {
      events: [
        { kind: 'started', ...at, worker: 'w1' },
        { kind: 'progress', ...at, done: 3, total: 10, note: null },
        { kind: 'log', runId, line: { at: 5, step: 'slow', attempt: 1, level: 'info', text: 'hello' } },
      ],
    });
    expect((await api.get<RunDetail>(`/runs/${runId}`)).body.steps).toMatchObject([
      { status: 'running', worker: 'w1', observed: true, progress: { done: 3, total: 10 } },
    ]);
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=slow`)).body.because[0]).toBe('It runs on w1, attempt 1: 3 of 10.');
    const logs = (await api.get<Page<LogLine>>(`/runs/${runId}/logs?step=slow`)).body;
    expect(logs.items.map((line) => line.text)).toEqual(['hello']);
    expect((await api.get<Page<LogLine>>(`/runs/${runId}/logs?step=slow&after=${logs.next}`)).body).toEqual({ items: [], next: logs.next });
    await api.post('/runs/' + runId + '/events', { event: 'landed', payload: { rows: 3 } });
    expect((await api.ended(runId)).status).toBe('done');
  });

  it('is paused and resumed, takes events that fit and refuses others, all written down', async () => {
    const runId = await start({ mode: 'hang' });
    expect((await api.post<RunSummary>(`/runs/${runId}/pause`, {})).body.status).toBe('paused');
    expect(await api.post(`/runs/${runId}/pause`, {})).toMatchObject({
      status: 409,
      body: { error: { code: 'HDL-CONTROL-REFUSED', what: 'it is paused already' } },
    });
    expect((await api.post<RunSummary>(`/runs/${runId}/resume`, { repin: planHash })).body.status).toBe('running');
    expect(await api.post(`/runs/${runId}/resume`, { repin: 'nowhere' })).toMatchObject({ status: 404, body: { error: { code: 'HDL-NO-PLAN' } } });
    expect(await api.post(`/runs/${runId}/events`, { event: 'landed', payload: { rows: 'many' } })).toMatchObject({
      status: 400,
      body: { error: { code: 'HDL-BAD-REQUEST', what: expect.stringContaining('$.rows') } },
    });
    expect(await api.post(`/runs/${runId}/events`, { event: 'other', payload: {} })).toMatchObject({
      status: 400,
      body: { error: { fix: expect.stringContaining('landed') } },
    });
    expect(await api.post(`/runs/${runId}/events`, { event: 'refused', payload: {} })).toMatchObject({
      status: 404,
      body: { error: { code: 'HDL-NO-STEP', what: 'nobody waits for it' } },
    });
    expect((await api.post(`/runs/${runId}/events`, { event: 'landed', payload: { rows: 1 } })).status).toBe(200);
    expect((await api.ended(runId)).output).toMatchObject({
      messages: [
        { kind: 'pause', by: 'local' },
        { kind: 'resume', repin: { planHash } },
        { kind: 'event', payload: { rows: 1 } },
      ],
    });
    expect(await api.post(`/runs/${runId}/pause`, {})).toMatchObject({ status: 409, body: { error: { code: 'HDL-RUN-ENDED' } } });
    expect(
      (await api.get<{ items: { action: string; who: string }[] }>(`/runs/${runId}/audit`)).body.items.map((entry) => `${entry.who} ${entry.action}`),
    ).toEqual(['local run', 'local pause', 'local resume', 'local event']);
  });

  it('asks those whom the gate names, and nobody else', async () => {
    const runId = await start({ mode: 'wait' });
    const gate = await until(async () => (await api.get<Page<OpenGate>>('/approvals')).body.items.find((item) => item.runId === runId));
    expect(gate).toMatchObject({ step: 'slow', ask: 'Promote?', show: { auc: 0.6 }, from: ['ml-oncall'] });
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=slow`)).body.because[0]).toContain('waiting: for an answer from ml-oncall');
    const answer = { step: 'slow', approved: true, note: 'looks good' };
    expect(await client(server.url, fixture.state.config, 'looker-token').post(`/runs/${runId}/answer`, answer)).toMatchObject({
      status: 403,
      body: { error: { code: 'HDL-FORBIDDEN' } },
    });
    expect((await client(server.url, fixture.state.config, 'oncall-token').post(`/runs/${runId}/answer`, answer)).status).toBe(200);
    expect((await api.ended(runId)).output).toMatchObject({
      messages: [{ kind: 'answer', approved: true, by: 'oncall', roles: ['viewer', 'ml-oncall'], note: 'looks good' }],
    });
    expect((await api.get<Page<OpenGate>>('/approvals')).body.items).toEqual([]);
  });

  it('that waits for a path is told when it is there', async () => {
    const runId = await start({ mode: 'path' });
    await until(async () => (await server.parts.catalog.db.selectFrom('waits').select('why').where('run_id', '=', runId).executeTakeFirst())?.why ?? undefined);
    await server.parts.store.write('store://inbox/ready.json', Buffer.from('{}'));
    const run = await api.ended(runId);
    expect(run.output).toMatchObject({ looked: { state: 'waiting', why: 'for store://inbox/ready.json' }, satisfied: [{ step: 'file', value: { bytes: 2 } }] });
    expect(await server.parts.catalog.db.selectFrom('waits').select('step').where('run_id', '=', runId).execute()).toEqual([]);
  });

  it('whose workflow is not there yet cannot be reached', async () => {
    const row = sampleRun({ pipeline: plan.name, planHash, called: true, createdAt: Date.now() });
    await addRun(server.parts.catalog.db, row);
    expect(await api.post(`/runs/${row.runId}/pause`, {})).toMatchObject({ status: 503, body: { error: { code: 'HDL-RUN-UNREACHABLE' } } });
  });

  it('prepares a called run once, and starts one that lives by itself', async () => {
    const runId = await start({ mode: 'child' });
    const { output } = (await api.ended(runId)) as unknown as { output: { prepared: RunInput; same: boolean; started: { runId: string } } };
    expect(output.same).toBe(true);
    expect(output.prepared).toMatchObject({
      parent: { runId, step: 'called' },
      params: { mode: 'quick', rates: [0.1] },
      workflowId: workflowIdFor('default', 'tiny.pipeline', null, output.prepared.runId),
    });
    expect(output.prepared.skeleton).toBeUndefined();
    expect(await api.ended(output.started.runId)).toMatchObject({ status: 'done', parent: { runId, step: 'score' }, startedBy: 'local' });
  });

  it('that failed is retried with its finished outputs, under the same id', async () => {
    const runId = await start({ mode: 'fail' });
    expect(await api.ended(runId)).toMatchObject({ status: 'failed', failure: 'second: as asked', failures: [{ step: 'second', class: 'user' }] });
    expect((await api.get<Explanation>(`/runs/${runId}/explain?step=second`)).body.because[0]).toBe('It failed: user Error: as asked');
    expect((await api.post<RunSummary>(`/runs/${runId}/retry`, {})).body).toMatchObject({ runId, status: 'running' });
    expect(await api.ended(runId)).toMatchObject({ status: 'done', output: { seeded: { first: { n: 1 } } }, failure: null, counts: { done: 2 } });
    expect(await api.post(`/runs/${runId}/retry`, {})).toMatchObject({ status: 409, body: { error: { code: 'HDL-RUN-OPEN' } } });
  });

  it('that was ended by force keeps what its history holds, so that a retry goes on from there', async () => {
    await server.parts.store.write('store://trained/m/model.onnx', Buffer.from(WEIGHTS));
    const runId = await start({ mode: 'register' });
    await until(async () => (await api.get<RunDetail>(`/runs/${runId}`)).body.steps.length > 1);
    await api.post(`/runs/${runId}/cancel`, { force: true });
    expect((await api.get<RunDetail>(`/runs/${runId}`)).body).toMatchObject({
      status: 'cancelled',
      steps: [
        { step: 'register', status: 'done', output: { model: { version: '1' } } },
        { step: 'slow', status: 'abandoned' },
      ],
    });
    await api.post(`/runs/${runId}/retry`, {});
    expect(await api.ended(runId)).toMatchObject({ status: 'done', output: { seeded: { register: { model: { version: '1' } } } } });
  });

  it('is cancelled by asking the workflow, and by force at once', async () => {
    const soft = await start({ mode: 'hang' });
    expect((await api.post(`/runs/${soft}/cancel`, { reason: 'wrong day' })).status).toBe(200);
    expect(await api.ended(soft)).toMatchObject({ status: 'cancelled', counts: { cancelled: 1 } });
    const hard = await start({ mode: 'hang' });
    await until(async () => (await api.get<RunDetail>(`/runs/${hard}`)).body.steps.length > 0);
    expect((await api.post<RunSummary>(`/runs/${hard}/cancel`, { force: true })).body).toMatchObject({ status: 'cancelled', counts: { abandoned: 1 } });
    expect((await server.parts.temporal.workflow.getHandle((await getRun(server.parts.catalog.db, hard))?.workflowId ?? '').describe()).status.name).toBe(
      'TERMINATED',
    );
    expect(await api.post(`/runs/${hard}/cancel`, {})).toMatchObject({ status: 409, body: { error: { code: 'HDL-RUN-ENDED' } } });
  });
});

describe('the reconciler', () => {
  it('starts a run whose row was written before a crash, once', async () => {
    const runId = newId();
    const row = sampleRun({
      runId,
      pipeline: plan.name,
      planHash,
      params: { mode: 'quick' },
      createdAt: Date.now() - 60_000,
      workflowId: workflowIdFor('default', plan.name, null, runId),
    });
    await addRun(server.parts.catalog.db, row);
    expect(await api.ended(runId)).toMatchObject({ status: 'done' });
    await addRun(server.parts.catalog.db, sampleRun({ runId: newId(), planHash: 'gone', createdAt: 1 }));
    await until(async () =>
      (await api.get<Page<RunSummary>>('/runs?status=failed')).body.items.some((run) => run.planHash === 'gone' && (run.failure ?? '').includes('gone')),
    );
  });

  it('closes a run whose workflow was terminated behind its back', async () => {
    const runId = await start({ mode: 'hang' });
    const { workflowId } = (await api.get<RunSummary>(`/runs/${runId}`)).body;
    await server.parts.temporal.workflow.getHandle(workflowId).terminate('by an operator of Temporal');
    const closed = await until(async () => {
      await reconcilePass(server.parts, Date.now(), '', 0);
      const { body } = await api.get<RunDetail>(`/runs/${runId}`);
      return body.status !== 'running' && body;
    });
    expect(closed).toMatchObject({ status: 'cancelled', failures: [{ code: 'HDL-RUN-LOST', message: 'The workflow was terminated in Temporal.' }] });
  });
});

describe('traces', () => {
  it('have a span for the run and one a step, in one trace that the run id gives', async () => {
    const spans: { name: string; traceId: string }[] = [];
    const span = { setStatus: () => span, addEvent: () => span, end: () => undefined };
    trace.setGlobalTracerProvider({
      getTracer: () => ({
        startSpan: (name: string, _options: unknown, context: Context) => {
          spans.push({ name, traceId: trace.getSpanContext(context)?.traceId ?? '' });
          return span;
        },
      }),
    } as unknown as TracerProvider); // collects instead of sending
    try {
      await api.ended(await start({ mode: 'quick' }));
      await until(() => spans.length >= 2);
      expect(spans.map((made) => made.name)).toEqual(['step only', 'run tiny.pipeline']);
      expect(new Set(spans.map((made) => made.traceId)).size).toBe(1);
    } finally {
      trace.disable();
    }
  });
});
