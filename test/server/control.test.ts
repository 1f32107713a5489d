/** Control activities by themselves, on a real catalog and store: each done twice gives the same. */
import { ApplicationFailure } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics } from '../../api/metrics.ts';
import { cancelRun } from '../../api/runs/cancel-run.ts';
import { createNotifier } from '../../api/notify/webhook.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { partitionKeys } from '../../api/runs/check-partition.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { newId } from '../../catalog/ids.ts';
import { aliasHistory, listVersions } from '../../catalog/models.ts';
import { putPlan } from '../../catalog/plans.ts';
import { rebuildCatalog } from '../../catalog/rebuild.ts';
import { addRun, endRun, getRun, markStarted, reopenRun, type RunRow } from '../../catalog/runs.ts';
import { getWait, putWait } from '../../catalog/waits.ts';
import type { ControlActivities, ControlStepCall, PrepareChildCall } from '../../dsl/contract/control.ts';
import type { ModelHandle } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { sha256Hex } from '../../storage/digest.ts';
import { openStore } from '../../storage/store.ts';
import { controlActivities } from '../../workers/control-activities.ts';
import { reconcilePass } from '../../workers/server-reconciler.ts';
import { watchPass } from '../../workers/server-watches.ts';
import { sampleRun, sampleStep } from '../catalog/samples.ts';
import { testConfig, tinyPlan, type TestConfig } from './test-server.ts';

let state: TestConfig;
let parts: ServerParts;
let control: ControlActivities;
const signals: unknown[] = [];
const fakeTemporal = {
  withDeadline: (_at: number, work: () => unknown) => work(),
  workflow: {
    getHandle: () => ({
      signal: async (...args: unknown[]) => {
        signals.push(args);
      },
    }),
  },
} as unknown as Client; // what the watch loop calls

beforeAll(async () => {
  state = testConfig('127.0.0.1:1');
  const { config } = state;
  const log = pino({ level: 'silent' });
  parts = {
    config,
    catalog: await openCatalog(config.catalog),
    store: openStore({ root: config.storageRoot, project: 'default' }),
    temporal: fakeTemporal,
    log,
    metrics: createMetrics(),
    notify: createNotifier(null, 'default'),
  };
  control = controlActivities(parts);
  for (const name of ['a', 'b']) await parts.store.write(`store://trained/${name}/model.onnx`, weights(name));
  await putPlan(parts.catalog.db, { project: 'default', hash: 'tiny', plan: tinyPlan(), by: 'ann', at: 1 });
});
afterAll(async () => {
  await parts.catalog.close();
  state.remove();
});

const call = (step: string, input: object, runId = newId()): ControlStepCall => ({
  project: 'default',
  runId,
  pipeline: 'flights.train',
  step,
  input: input as Json,
});
const weights = (name: string): Buffer => Buffer.from(`weights ${name}`);
/** As a training step gives it. */
const model = (name: string): ModelHandle => ({
  kind: 'model',
  name: 'flights.delay',
  version: 'new',
  uri: parts.store.resolve(`store://trained/${name}`),
  digest: `sha256:${sha256Hex(weights(name))}`,
});
/** As the registry gives it, with its own copy of the files. */
const registered = (name: string, version: string): ModelHandle => ({
  ...model(name),
  version,
  uri: parts.store.resolve(`store://models/files/flights.delay/${sha256Hex(weights(name))}`),
});
const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect((error as ApplicationFailure).nonRetryable).toBe(true); // checked the line before
  return (error as ApplicationFailure).details?.[0];
};

describe('models', () => {
  it('are registered with the next number, once a step and once a content', async () => {
    const one = call('register', { model: model('a'), metrics: { auc: 0.63 } });
    expect(await control['heddle.register_model'](one)).toEqual({ output: { model: registered('a', '1') } });
    expect(await control['heddle.register_model'](one)).toEqual({ output: { model: registered('a', '1') } });
    expect(await control['heddle.register_model'](call('register', { model: model('a') }))).toMatchObject({ output: { model: { version: '1' } } });
    expect(await control['heddle.register_model'](call('register', { model: model('b') }))).toMatchObject({ output: { model: { version: '2' } } });
    expect((await listVersions(parts.catalog.db, 'default', 'flights.delay')).map((version) => version.details)).toMatchObject([
      { metrics: {} },
      { metrics: { auc: 0.63 } },
    ]);
    expect(await failureOf(control['heddle.register_model'](call('register', { model: 'flights.delay' })))).toMatchObject({
      class: 'data',
      code: 'HDL-BAD-REQUEST',
    });
  });

  it('are promoted against what the run saw, so that of two racing runs one fails with a code', async () => {
    const runs = [newId(), newId()] as const;
    for (const runId of runs)
      await control['heddle.pin']({ project: 'default', runId, planHash: 'tiny', pins: [{ kind: 'model', name: 'flights.delay@champion', optional: true }] });
    const promote = (runId: string, version: string) =>
      control['heddle.promote_model'](call('promote', { model: { ...model('a'), version }, alias: 'champion' }, runId));
    expect(await promote(runs[0], '1')).toEqual({ output: { model: registered('a', '1'), previous: null } });
    expect(await promote(runs[0], '1')).toEqual({ output: { model: registered('a', '1'), previous: null } });
    expect(await failureOf(promote(runs[1], '2'))).toMatchObject({ class: 'user', code: 'HDL-ALIAS-MOVED', message: expect.stringContaining('version 1') });
    expect(
      await control['heddle.promote_model'](
        call('promote', { model: { ...model('b'), version: '2' }, alias: 'champion', expected: { ...model('a'), version: '1' } }),
      ),
    ).toMatchObject({ output: { model: registered('b', '2'), previous: { version: '1' } } });
    expect(await failureOf(control['heddle.promote_model'](call('promote', { model: { ...model('x'), version: '99' }, alias: 'champion' })))).toMatchObject({
      code: 'HDL-NO-MODEL',
    });
    expect((await aliasHistory(parts.catalog.db, 'default', 'flights.delay')).map((change) => [change.from, change.to])).toEqual([
      [null, '1'],
      ['1', '2'],
    ]);
  });

  it('come back from the journal in the store', async () => {
    const other = await openCatalog(`sqlite:${state.folder}/rebuilt.db`);
    try {
      expect(await rebuildCatalog({ store: parts.store, catalog: other })).toMatchObject({ models: 1, bad: 0 });
      await rebuildCatalog({ store: parts.store, catalog: other });
      expect(await listVersions(other.db, 'default', 'flights.delay')).toEqual(await listVersions(parts.catalog.db, 'default', 'flights.delay'));
      expect(await aliasHistory(other.db, 'default', 'flights.delay')).toEqual(await aliasHistory(parts.catalog.db, 'default', 'flights.delay'));
    } finally {
      await other.close();
    }
  });
});

describe('pins', () => {
  it('stay the same for the whole run, whatever changes meanwhile', async () => {
    const runId = newId();
    const pins = [
      { kind: 'model', name: 'flights.delay@champion', optional: false },
      { kind: 'model', name: 'other@champion', optional: true },
      { kind: 'model', name: 'other', optional: false },
    ] as const;
    const before = await control['heddle.pin']({ project: 'default', runId, planHash: 'tiny', pins });
    expect(before.pins).toMatchObject([{ version: '2' }, null, { missing: 'model other' }]);
    await control['heddle.promote_model'](call('promote', { model: { ...model('a'), version: '1' }, alias: 'champion' }));
    expect(await control['heddle.pin']({ project: 'default', runId, planHash: 'tiny', pins })).toEqual(before);
    expect(await failureOf(control['heddle.pin']({ project: 'default', runId: newId(), planHash: 'gone', pins }))).toMatchObject({ code: 'HDL-NO-PLAN' });
  });

  it('of partitions that are not there say which, and a key that does not fit ends the step', async () => {
    const dataset = { name: 'flights.raw', uri: 'store://flights/raw', partitions: { day: { kind: 'day', start: '2001-01-01' } }, schema: {} } as const;
    const base = tinyPlan();
    await putPlan(parts.catalog.db, {
      project: 'default',
      hash: 'sliced',
      plan: { ...base, contracts: { ...base.contracts, datasets: { 'flights.raw': dataset } } },
      by: 'ann',
      at: 1,
    });
    const ask = (day: string) =>
      control['heddle.pin']({
        project: 'default',
        runId: newId(),
        planHash: 'sliced',
        pins: [{ kind: 'slice', dataset: 'flights.raw', how: 'at', key: { day } }],
      });
    expect((await ask('2001-03-01')).pins).toMatchObject([{ missing: expect.stringContaining('2001-03-01') }]);
    expect(await failureOf(ask('yesterday'))).toMatchObject({ class: 'user', code: 'HDL-BAD-KEY' });
    const other = control['heddle.pin']({
      project: 'default',
      runId: newId(),
      planHash: 'sliced',
      pins: [{ kind: 'slice', dataset: 'nowhere', how: 'at', key: {} }],
    });
    expect(await failureOf(other)).toMatchObject({ code: 'HDL-PLAN-INVALID' });
    const path = {
      project: 'default',
      runId: newId(),
      workflowId: 'w',
      planHash: 'tiny',
      step: 's',
      on: { kind: 'path', uri: 'ftp://x/y' },
      deadline: 1,
    } as const;
    expect(await failureOf(control['heddle.watch'](path))).toMatchObject({ code: 'HDL-BAD-URI' });
  });
});

describe('children', () => {
  const child = (over: Partial<PrepareChildCall> = {}): PrepareChildCall => ({
    project: 'default',
    parent: { runId: newId(), step: 'score', pipeline: 'flights.train' },
    pipeline: 'tiny.pipeline',
    planHash: 'tiny',
    params: {},
    partition: null,
    ...over,
  });

  it('get the same run for the same parent and step, and go on after the parent was retried', async () => {
    const asked = child();
    const first = await control['heddle.prepare_child'](asked);
    expect(first).toMatchObject({ params: { rates: [0.1] }, parent: { step: 'score' } });
    expect(await control['heddle.prepare_child'](asked)).toEqual(first);
    await endRun(parts.catalog.db, first.runId, { status: 'failed', endedAt: 9, output: null, failures: [], abandoned: [] }, {});
    expect(await control['heddle.prepare_child'](asked)).toEqual({ ...first, retryOf: 1 });
    expect(await control['heddle.prepare_child'](asked)).toEqual({ ...first, retryOf: 1 });
    expect((await getRun(parts.catalog.db, first.runId))?.status).toBe('running');
  });

  it('with other arguments than before are another run: a parent that was mended is heard', async () => {
    const asked = child({ params: { rates: [1] } });
    const first = await control['heddle.prepare_child'](asked);
    await endRun(parts.catalog.db, first.runId, { status: 'failed', endedAt: 9, output: null, failures: [], abandoned: [] }, {});
    const mended = { ...asked, params: { rates: [2] } };
    const second = await control['heddle.prepare_child'](mended);
    expect(second).toMatchObject({ params: { rates: [2] }, parent: first.parent });
    expect(second.runId).not.toBe(first.runId);
    expect(second.retryOf).toBeUndefined();
    expect(await control['heddle.prepare_child'](mended)).toEqual(second);
    expect(await control['heddle.prepare_child'](asked)).toMatchObject({ runId: first.runId, retryOf: 1 });
  });

  it('with parameters that do not fit fail for good, with the path', async () => {
    expect(await failureOf(control['heddle.prepare_child'](child({ params: { rates: 'all' } })))).toMatchObject({
      class: 'user',
      code: 'HDL-BAD-PARAMS',
      message: expect.stringContaining('$.rates'),
    });
    expect(await failureOf(control['heddle.prepare_child'](child({ partition: { day: 'x' } })))).toMatchObject({ code: 'HDL-BAD-PARTITION' });
  });

  it('take from a whole scope only the dimensions', () => {
    const plan = { contracts: { ...tinyPlan().contracts, partitions: { day: { kind: 'day' } } } } as const;
    expect(partitionKeys(plan, { key: '2001-03-02', day: '2001-03-02', start: 'x', end: 'y' })).toEqual({ day: '2001-03-02' });
    expect(partitionKeys(plan, { daay: 'x' })).toEqual({ daay: 'x' });
  });
});

describe('a retry', () => {
  const retried = async () => {
    const row = { ...sampleRun(), planHash: 'tiny' };
    await addRun(parts.catalog.db, row);
    await endRun(parts.catalog.db, row.runId, { status: 'failed', endedAt: 9, output: null, failures: [], abandoned: [] }, {});
    await reopenRun(parts.catalog.db, row.runId, 'tiny', 10);
    return (await getRun(parts.catalog.db, row.runId)) as RunRow;
  };

  it('whose workflow before is still closing takes no cancel: that one would get it', async () => {
    const cancelled: string[] = [];
    const temporal = {
      withDeadline: (_at: number, work: () => unknown) => work(),
      workflow: {
        start: async () => {
          throw new WorkflowExecutionAlreadyStartedError('there', 'w', 't');
        },
        getHandle: (id: string) => ({ describe: async () => ({ memo: { heddleRetry: 0 } }), cancel: async () => void cancelled.push(id) }),
      },
    } as unknown as Client; // what a cancel calls
    const who = { name: 'ann', roles: ['operator'] };
    await expect(cancelRun({ ...parts, temporal }, who, await retried(), {})).rejects.toMatchObject({ code: 'HDL-RUN-UNREACHABLE' });
    expect(cancelled).toEqual([]);
  });

  it('of a called run whose workflow has yet to start is not taken for lost: the one that ended is of the try before', async () => {
    const parent = { ...sampleRun(), planHash: 'tiny' };
    await addRun(parts.catalog.db, parent);
    await markStarted(parts.catalog.db, parent.runId, 1);
    const asked: PrepareChildCall = {
      project: 'default',
      parent: { runId: parent.runId, step: 'score', pipeline: 'flights.train' },
      pipeline: 'tiny.pipeline',
      planHash: 'tiny',
      params: {},
      partition: null,
    };
    const { runId } = await control['heddle.prepare_child'](asked);
    const ends = { status: 'failed', endedAt: 9, output: null, failures: [], abandoned: [] } as const;
    await endRun(parts.catalog.db, runId, ends, {});
    await control['heddle.prepare_child'](asked);
    const ended = { status: { name: 'FAILED' }, closeTime: new Date(9), memo: { heddleRetry: 0 }, typedSearchAttributes: { get: () => undefined } };
    const temporal = {
      withDeadline: (_at: number, work: () => unknown) => work(),
      workflow: { getHandle: (id: string) => ({ describe: async () => (id === parent.workflowId ? { ...ended, status: { name: 'RUNNING' } } : ended) }) },
    } as unknown as Client; // what the reconciler calls
    const pass = () => reconcilePass({ ...parts, temporal }, Date.now() + 60_000, '', 0);
    await pass();
    expect((await getRun(parts.catalog.db, runId))?.status).toBe('running');
    await endRun(parts.catalog.db, parent.runId, ends, {});
    await pass();
    expect((await getRun(parts.catalog.db, runId))?.status).toBe('failed');
  });

  it('sends the messages of its always block again, under an id of its own', async () => {
    const ids: string[] = [];
    const told = controlActivities({ ...parts, notify: async (_db, _kind, id) => void ids.push(id) });
    const { runId } = await retried();
    await told['heddle.notify'](call('say', { text: 'x' }, runId));
    await told['heddle.notify'](call('say', { text: 'x' }));
    expect(ids[0]).toBe(`${runId}/say/1`);
    expect(ids[1]).toMatch(/^\w+\/say$/);
  });
});

describe('records', () => {
  it('count once, and the end stands with its file in the store', async () => {
    const row = sampleRun();
    await addRun(parts.catalog.db, row);
    const page = { project: 'default', runId: row.runId, page: '1', steps: [sampleStep('a')] };
    const final = { status: 'done', endedAt: 99, output: 3, failures: [], abandoned: [] } as const;
    await control['heddle.record'](page);
    await control['heddle.record'](page);
    await control['heddle.record']({ ...page, page: '2', steps: [sampleStep('b')], final });
    await control['heddle.record']({ ...page, page: '2', steps: [sampleStep('b')], final: { ...final, status: 'failed' } });
    expect(await getRun(parts.catalog.db, row.runId)).toMatchObject({ status: 'done', output: 3, counts: { done: 2 } });
    expect(JSON.parse(Buffer.from(await parts.store.read(`store://runs/${row.runId}.json`)).toString('utf8'))).toMatchObject({
      format: 1,
      run: { status: 'done' },
      steps: [{ step: 'a' }, { step: 'b' }],
    });
    expect(await control['heddle.load_done']({ runId: row.runId, cursor: 0 })).toEqual({ done: { a: { auc: 0.63 }, b: { auc: 0.63 } }, next: null });
    expect(await failureOf(control['heddle.record']({ ...page, runId: 'nobody' }))).toMatchObject({ code: 'HDL-NO-RUN' });
  });
});

describe('waits', () => {
  it('that hold at once are answered at once; the others by signal, again only after a while', async () => {
    const row = sampleRun();
    await addRun(parts.catalog.db, row);
    const watch = {
      project: 'default',
      runId: row.runId,
      workflowId: row.workflowId,
      planHash: 'tiny',
      step: 'file',
      on: { kind: 'path', uri: 'store://in/a.json' },
      deadline: Date.now() + 60_000,
    } as const;
    expect(await control['heddle.watch'](watch)).toEqual({ state: 'waiting', why: 'for store://in/a.json' });
    await watchPass(parts, Date.now());
    expect(signals).toEqual([]);
    await parts.store.write('store://in/a.json', Buffer.from('{}'));
    const now = Date.now();
    for (const at of [now, now + 1_000, now + 11_000]) await watchPass(parts, at);
    expect(signals).toMatchObject([
      ['heddle.satisfied', { step: 'file', value: { bytes: 2 } }],
      ['heddle.satisfied', { step: 'file' }],
    ]);
    expect(await getWait(parts.catalog.db, row.runId, 'file')).toMatchObject({ sends: 2 });
    expect(await control['heddle.watch']({ ...watch, step: 'other' })).toMatchObject({ state: 'satisfied', value: { bytes: 2 } });
    expect(await getWait(parts.catalog.db, row.runId, 'other')).toBeUndefined();
  });

  it('one that takes long to look at holds up no other, and is looked at once at a time', async () => {
    const row = sampleRun();
    await addRun(parts.catalog.db, row);
    for (const step of ['a slow one', 'b quick one']) {
      const on = { kind: 'path', uri: `store://slow/${step}` } as const;
      await putWait(
        parts.catalog.db,
        { project: 'default', runId: row.runId, workflowId: row.workflowId, planHash: 'tiny', step, on, deadline: Date.now() + 60_000 },
        Date.now(),
      );
      await parts.store.write(`store://slow/${step}`, Buffer.from('{}'));
    }
    let looks = 0;
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const slow: ServerParts = {
      ...parts,
      store: {
        ...parts.store,
        async stat(uri) {
          if (!uri.endsWith('a slow one')) return parts.store.stat(uri);
          looks++;
          await held;
          return parts.store.stat(uri);
        },
      },
    };
    await watchPass(slow, Date.now(), { patienceMs: 10 });
    await watchPass(slow, Date.now(), { patienceMs: 10 });
    expect(looks).toBe(1);
    expect(await getWait(parts.catalog.db, row.runId, 'b quick one')).toMatchObject({ sends: 1 });
    expect(await getWait(parts.catalog.db, row.runId, 'a slow one')).toMatchObject({ sends: 0 });
    goOn();
    await expect.poll(async () => (await getWait(parts.catalog.db, row.runId, 'a slow one'))?.sends).toBe(1);
  });

  it('are all looked at, however many there are', async () => {
    const row = sampleRun();
    await addRun(parts.catalog.db, row);
    const last = 1_000;
    for (let i = 0; i <= last; i++) {
      const on = { kind: 'path', uri: `store://many/${i}` } as const;
      const call = { project: 'default', runId: row.runId, workflowId: row.workflowId, planHash: 'tiny', step: `w${i}`, on, deadline: Date.now() + 60_000 };
      await putWait(parts.catalog.db, call, Date.now());
    }
    await parts.store.write(`store://many/${last}`, Buffer.from('{}'));
    await watchPass(parts, Date.now());
    expect(await getWait(parts.catalog.db, row.runId, `w${last}`)).toMatchObject({ sends: 1 });
  });
});
