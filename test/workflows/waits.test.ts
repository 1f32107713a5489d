/** Approvals, events, partitions and pins on the real server. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ControlMessage } from '../../dsl/contract/run.ts';
import { messages } from '../../dsl/contract/run.ts';
import type { GateNode, WaitNode } from '../../dsl/plan/types.ts';
import { historyOf } from './history.ts';
import { Kit, until } from './kit.ts';
import { block, mapOf, plan, ref, step } from './plans.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
});
afterAll(() => kit.stop());

const gate = (over: Partial<GateNode> = {}): GateNode => ({
  kind: 'gate',
  id: 'ok',
  ask: { $text: ['Promote ', ref('$params', 'v'), '?'] },
  show: { v: ref('$params', 'v') },
  from: ['ml-oncall'],
  withinMs: 600_000,
  onTimeout: 'reject',
  ...over,
});
const wait = (on: WaitNode['on'], over: Partial<WaitNode> = {}): WaitNode => ({ kind: 'wait', id: 'data', on, withinMs: 600_000, ...over });
const answer = (over: Partial<Extract<ControlMessage, { kind: 'answer' }>> = {}): ControlMessage => ({
  kind: 'answer',
  step: 'ok',
  approved: true,
  by: 'ann',
  roles: ['ml-oncall'],
  note: 'fine',
  at: 1,
  ...over,
});

describe('approvals', () => {
  it('asks, waits without a worker, and takes the answer of one who may give it', async () => {
    const run = await kit.run(plan('gate', [gate()], { output: ref('ok') }), { params: { v: 'v7' } });
    const state = await run.untilStep('ok', 'waiting');
    expect(state.steps[0]?.waitingFor).toBe('an answer from ml-oncall');
    const [watch] = await until(
      () => kit.control.watches.filter(({ runId }) => runId === run.runId),
      ({ length }) => length === 1,
    );
    expect(watch).toMatchObject({ step: 'ok', on: { kind: 'gate', ask: 'Promote v7?', show: { v: 'v7' }, from: ['ml-oncall'] } });
    expect(await run.control(answer({ roles: ['viewer'] }))).toMatchObject({ ok: false, code: 'HDL-FORBIDDEN' });
    expect(await run.control(answer({ step: 'other' }))).toMatchObject({ ok: false, code: 'HDL-NO-STEP' });
    expect(await run.control(answer())).toEqual({ ok: true });
    expect(await run.result()).toEqual({ approved: true, by: 'ann', note: 'fine', timedOut: false });
    expect(run.steps().get('ok')?.waitMs).toBeGreaterThan(0);
    // watch, timer and its cancel, update, record, status: no event for the time that passes.
    expect((await historyOf(run.handle)).events.length).toBeLessThan(42);
  });

  it('a name in `from` may answer, and an admin always', async () => {
    const run = await kit.run(plan('gate', [gate({ from: ['bob'] }), gate({ id: 'ok2' })], { output: [ref('ok', 'by'), ref('ok2', 'by')] }), {
      params: { v: 1 },
    });
    await run.untilStep('ok2', 'waiting');
    expect(await run.control(answer({ by: 'bob', roles: [] }))).toEqual({ ok: true });
    expect(await run.control(answer({ step: 'ok2', by: 'eve', roles: ['admin'] }))).toEqual({ ok: true });
    expect(await run.result()).toEqual(['bob', 'eve']);
  });

  it('without an answer in time it takes the branch of its time-out', async () => {
    const nodes = [gate({ withinMs: 300 }), gate({ id: 'yes', withinMs: 300, onTimeout: 'approve' }), gate({ id: 'no', withinMs: 300, onTimeout: 'fail' })];
    const run = await kit.run(plan('late', nodes), { params: { v: 1 } });
    expect(await run.failure()).toContain('no: HDL-APPROVAL-TIMEOUT');
    expect(run.steps().get('ok')?.output).toEqual({ approved: false, by: null, note: null, timedOut: true });
    expect(run.steps().get('yes')?.output).toEqual({ approved: true, by: null, note: null, timedOut: true });
  });
});

describe('events', () => {
  it('a payload reaches the step that waits for it, and one that came early is kept', async () => {
    const nodes = [wait({ event: 'go' }), wait({ event: 'early' }, { id: 'later', after: ['data'] })];
    const run = await kit.run(plan('events', nodes, { output: [ref('data'), ref('later')] }));
    await run.untilStep('data', 'waiting');
    expect(await run.control({ kind: 'event', event: 'early', payload: { n: 2 }, by: 'ann' })).toMatchObject({
      ok: true,
      note: expect.stringContaining('kept') as string,
    });
    expect(await run.control({ kind: 'event', event: 'go', payload: { n: 1 }, by: 'ann' })).toEqual({ ok: true });
    expect(await run.result()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('a payload above 64 KiB is refused', async () => {
    const run = await kit.run(plan('bigevent', [wait({ event: 'go' })]));
    await run.untilStep('data', 'waiting');
    expect(await run.control({ kind: 'event', event: 'go', payload: 'x'.repeat(70_000), by: 'ann' })).toMatchObject({ ok: false, code: 'HDL-INPUT-TOO-LARGE' });
    await run.handle.terminate();
  });
});

describe('a newer plan', () => {
  it('that comes while a wait is registered does not lose the answer, and one that waits for something else is registered', async () => {
    const name = 'movedwait';
    let started = 0;
    let letGo: () => void = () => {};
    const free = new Promise<void>((resolve) => (letGo = resolve));
    kit.control.beforeWatch = (call) => {
      started++;
      return call.step === 'found' || call.step === 'other' ? free : Promise.resolve();
    };
    onTestFinished(() => {
      letGo();
    });
    kit.control.satisfied.set('found', 5);
    const file = (uri: string) => wait({ path: uri }, { id: 'other' });
    const run = await kit.run(plan(name, [wait({ path: 'file:///x' }, { id: 'found' }), file('file:///old')], { output: [ref('found'), ref('other')] }));
    await until(
      () => started,
      (count) => count === 2,
    );
    await run.control({ kind: 'pause', by: 'ann' });
    const skeleton = plan(name, [wait({ path: 'file:///x' }, { id: 'found' }), file('file:///new')], { output: [ref('found'), ref('other')] });
    expect(await run.control({ kind: 'resume', by: 'ann', repin: { planHash: 'newer', skeleton } })).toEqual({ ok: true });
    await until(
      () => started,
      (count) => count === 3,
    );
    letGo();
    kit.control.beforeWatch = async () => {};
    await run.untilStep('found', 'done');
    await run.handle.signal(messages.satisfied, { step: 'other', value: 6 });
    expect(await run.result()).toEqual([5, 6]);
    expect(
      kit.control.watches
        .filter(({ runId }) => runId === run.runId)
        .map(({ step, on }) => (on.kind === 'path' ? `${step} ${on.uri}` : step))
        .toSorted(),
    ).toEqual(['found file:///x', 'other file:///new', 'other file:///old']);
  });
});

describe('in a page of a list map', () => {
  it('an approval is registered for the page, which takes its answer', async () => {
    const items = kit.steps.items.list(['a', 'b'], 2);
    const each = mapOf('each', items as never, block([gate({ ask: 'Go?', show: ref('$item0') }), step('echo', { by: ref('ok', 'by') })], ref('echo', 'by')), {
      items: 'list',
    });
    const run = await kit.run(plan('gatelist', [each], { output: ref('each') }));
    const asked = await until(
      () => kit.control.watches.filter(({ runId }) => runId === run.runId),
      ({ length }) => length === 2,
    );
    expect(asked.map(({ step: name }) => name)).toEqual(['each[0].ok', 'each[1].ok']);
    for (const { workflowId, step: name } of asked) {
      expect(workflowId).toBe(`${run.handle.workflowId}/each[0..1]`);
      const page = kit.follow(run.runId, kit.client.workflow.getHandle(workflowId));
      expect(await page.control({ kind: 'pause', by: 'ann' })).toMatchObject({ ok: false, code: 'HDL-CONTROL-REFUSED' });
      expect(await page.control(answer({ step: name, roles: ['viewer'] }))).toMatchObject({ ok: false, code: 'HDL-FORBIDDEN' });
      expect(await page.control(answer({ step: name }))).toEqual({ ok: true });
    }
    expect(kit.steps.items.all((await run.result()) as never)).toEqual(['ann', 'ann']);
  });
});

describe('data', () => {
  const at = { $slice: { dataset: 'flights', how: 'at', key: { day: ref('$params', 'day') } } };
  const slice = { kind: 'slice' as const, dataset: 'flights', uri: 'file:///f', digest: 'd', rows: 1, bytes: 1, partitions: [] };

  it('a wait ends when the server says that it holds, at once or later', async () => {
    kit.control.satisfied.set('now', slice as never);
    const run = await kit.run(
      plan('slices', [wait({ slice: at }, { id: 'now' }), wait({ path: 'file:///x' })], { output: [ref('now', 'digest'), ref('data')] }),
      { params: { day: '1' } },
    );
    await run.until(({ counts }) => counts.done === 1 && counts.waiting === 1);
    expect(kit.control.watches.find((one) => one.step === 'now')?.on).toEqual({
      kind: 'slice',
      request: { kind: 'slice', dataset: 'flights', how: 'at', key: { day: '1' } },
    });
    await run.handle.signal(messages.satisfied, { step: 'data', value: { uri: 'file:///x' } });
    expect(await run.result()).toEqual(['d', { uri: 'file:///x' }]);
  });

  it('without it in time the step fails with HDL-WAIT-TIMEOUT', async () => {
    const run = await kit.run(plan('late', [wait({ path: 'file:///never' }, { withinMs: 300 })]));
    expect(await run.failure()).toContain('data: HDL-WAIT-TIMEOUT');
  });

  it('slices and models are pinned in one request at the start', async () => {
    kit.control.pin = (request) => (request.kind === 'slice' ? slice : null);
    const before = kit.control.pinned;
    const nodes = [
      step('a', { s: at, m: { $model: { name: 'delay@champion', optional: true } } }, { task: 'echo@1' }),
      step('b', { s: at, a: ref('a') }, { task: 'echo@1' }),
    ];
    const run = await kit.run(plan('pins', nodes, { output: [ref('a', 'm'), ref('b', 's', 'digest')] }), { params: { day: '1' } });
    expect(await run.result()).toEqual([null, 'd']);
    expect(kit.control.pinned - before).toBe(1);
  });

  it('a missing partition fails the step that needs it', async () => {
    kit.control.pin = () => ({ missing: 'flights day=1' });
    const run = await kit.run(plan('missing', [step('a', { s: at }, { task: 'echo@1' })]), { params: { day: '1' } });
    expect(await run.failure()).toContain('a: HDL-NOT-PUBLISHED: flights day=1 is not there');
  });
});
