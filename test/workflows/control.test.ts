/** Pause, resume, cancel, retry, a newer plan for a run under way: on the real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { GateNode, Json, PipelineNode } from '../../dsl/plan/types.ts';
import { Kit, until, type Run } from './kit.ts';
import { block, chain, mapOf, plan, ref, step } from './plans.ts';
import { forever } from './step-fakes.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
  kit.on('hang', forever);
});
afterAll(() => kit.stop());

const gate: GateNode = { kind: 'gate', id: 'ok', ask: 'Go?', show: null, from: ['ann'], withinMs: 600_000, onTimeout: 'reject' };
const add = (id: string, x: Json) => step(id, { x }, { task: 'add@1' });

async function cancelled(run: Run): Promise<boolean> {
  try {
    await run.handle.result();
    return false;
  } catch (error) {
    return error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
  }
}
function held(): { readonly start: Promise<void>; readonly handler: () => Promise<number>; release(): void } {
  let release = (): void => {};
  let started = (): void => {};
  const start = new Promise<void>((resolve) => {
    started = resolve;
  });
  const free = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    start,
    handler: async () => {
      started();
      await free;
      return 1;
    },
    release: () => {
      release();
    },
  };
}

describe('pause', () => {
  it('starts nothing new, lets running steps end, and goes on after resume', async () => {
    const first = held();
    kit.on('first', first.handler);
    const run = await kit.run(plan('pauses', [step('first'), add('second', ref('first'))], { output: ref('second') }));
    await first.start;
    expect(await run.control({ kind: 'pause', by: 'ann' })).toEqual({ ok: true });
    first.release();
    const state = await run.until(({ counts }) => counts.done === 1);
    expect(state.status).toBe('paused');
    expect((await run.handle.describe()).searchAttributes['HeddleStatus']).toEqual(['paused']);
    expect(kit.steps.stepsOf(run.runId)).toEqual(['first']);
    expect(await run.control({ kind: 'resume', by: 'ann' })).toEqual({ ok: true });
    expect(await run.result()).toBe(2);
  });

  it('a run that is over takes no message', async () => {
    const run = await kit.run(plan('ends', [add('a', 1)], { always: block([step('hang')]) }));
    await run.untilStep('always.hang', 'queued');
    expect(await run.control({ kind: 'pause', by: 'ann' })).toMatchObject({ ok: false, code: 'HDL-RUN-ENDED' });
    await run.handle.terminate();
  });
});

describe('onFailure: pause', () => {
  it('holds the run, and resume runs again only what failed and what follows', async () => {
    let broken = true;
    kit.on('mend', () => {
      if (broken) throw new Error('not yet');
      return 5;
    });
    const run = await kit.run(
      plan('mends', [add('a', 1), step('mend', {}, { after: ['a'] }), add('b', ref('mend'))], { onFailure: 'pause', output: [ref('a'), ref('b')] }),
    );
    const state = await run.until(({ status }) => status === 'paused');
    expect(state.steps.find((one) => one.step === 'mend')?.failure?.message).toBe('not yet');
    broken = false;
    await run.control({ kind: 'resume', by: 'ann' });
    expect(await run.result()).toEqual([2, 6]);
    expect(kit.steps.stepsOf(run.runId)).toEqual(['a', 'mend', 'mend', 'b']);
    expect(run.steps().get('mend')).toMatchObject({ status: 'done', attempts: 2, failure: null });
  });

  it('resume with a newer plan keeps what is done, and runs the rest by the newer one', async () => {
    kit.on('old', () => {
      throw new Error('wrong task');
    });
    const run = await kit.run(plan('moves', [add('a', 1), step('b', { x: ref('a') }, { task: 'old@1' })], { onFailure: 'pause', output: ref('b') }));
    await run.until(({ status }) => status === 'paused');
    const publishes = { ...add('c', ref('b')), into: { $lit: { day: '2001-03-01' } } }; // its manifest names the plan
    const skeleton = plan('moves', [add('a', 1), add('b', ref('a')), publishes], { onFailure: 'pause', output: ref('c') });
    expect(await run.control({ kind: 'resume', by: 'ann', repin: { planHash: 'newer', skeleton: { ...skeleton, name: 'another' } } })).toMatchObject({
      ok: false,
      code: 'HDL-REPIN-BUSY',
    });
    expect(await run.control({ kind: 'resume', by: 'ann', repin: { planHash: 'newer', skeleton } })).toEqual({ ok: true });
    expect(await run.result()).toBe(4);
    expect(kit.steps.calls.filter(({ runId }) => runId === run.runId).map(({ step: name, task, planHash }) => [name, task, planHash])).toEqual([
      ['a', 'add', ''],
      ['b', 'old', ''],
      ['b', 'add', ''],
      ['c', 'add', 'newer'],
    ]);
  });

  it('a newer plan runs nothing again in the maps that are done: neither items nor pages', async () => {
    let broken = true;
    kit.on('mend', () => {
      if (broken) throw new Error('not yet');
      return 5;
    });
    const list = kit.steps.items.list([1, 2, 3], 2);
    const pages = mapOf('pages', list as unknown as Json, block([add('p', ref('$item0'))], ref('p')), { items: 'list' });
    const each = mapOf('each', [1, 2], block([add('in', ref('$item0'))], ref('in')));
    const skeleton = plan('keeps', [pages, each, step('mend', {}, { after: ['pages', 'each'] })], { onFailure: 'pause', output: [ref('each'), ref('pages')] });
    const run = await kit.run(skeleton);
    await run.until(({ status }) => status === 'paused');
    broken = false;
    expect(await run.control({ kind: 'resume', by: 'ann', repin: { planHash: 'newer', skeleton } })).toEqual({ ok: true });
    const [items, result] = (await run.result()) as [Json, never];
    expect(items).toEqual([2, 3]);
    expect(kit.steps.items.all(result)).toEqual([2, 3, 4]);
    expect(kit.steps.stepsOf(run.runId).sort()).toEqual(['each[0].in', 'each[1].in', 'mend', 'mend', 'pages[0].p', 'pages[1].p', 'pages[2].p']);
    // The record holds what ran before the newer plan: a retry can take it over.
    expect(run.steps().get('each[1].in')).toMatchObject({ status: 'done', output: 3, attempts: 1 });
    expect(run.steps().get('pages[0..1]')).toMatchObject({ status: 'done' });
  });

  it('a run with a step under way does not move to a newer plan: HDL-REPIN-BUSY', async () => {
    const run = await kit.run(plan('busy', [step('hang')]));
    await run.untilStep('hang', 'queued');
    await run.control({ kind: 'pause', by: 'ann' });
    const skeleton = plan('busy', [add('a', 1)]);
    expect(await run.control({ kind: 'resume', by: 'ann', repin: { planHash: 'newer', skeleton } })).toMatchObject({ ok: false, code: 'HDL-REPIN-BUSY' });
    await run.handle.terminate();
  });
});

describe('cancel', () => {
  it('tells steps and children, runs always once, and leaves nothing open', async () => {
    kit.control.plans.set('h1', plan('child', [step('inner', {}, { task: 'hang@1' })]));
    const child: PipelineNode = { kind: 'pipeline', id: 'sub', pipeline: 'child', mode: 'call', params: {}, partition: null };
    const list = kit.steps.items.list([1, 2]);
    const map = mapOf('page', list as unknown as Json, block([step('item', {}, { task: 'hang@1' })]), { items: 'list' });
    const always = block([step('clean', { status: ref('$outcome', 'status') }, { task: 'echo@1' })]);
    const run = await kit.run(
      plan('cancels', [add('a', 1), step('hang', {}, { after: ['a'] }), child, gate, map, step('never', { x: ref('hang') })], {
        calls: { child: 'h1' },
        always,
      }),
    );
    await until(
      () => kit.steps.running,
      (running) => running === 4,
    ); // hang, the child's, two items
    await run.handle.cancel();
    expect(await cancelled(run)).toBe(true);
    expect(kit.steps.running).toBe(0);
    await until(
      () => kit.client.workflow.count(`ExecutionStatus = 'Running' AND (HeddleRunId = '${run.runId}' OR HeddleRunId = '${run.runId}+sub')`),
      ({ count }) => count === 0,
    );
    expect(kit.steps.stepsOf(run.runId).filter((name) => name === 'always.clean')).toHaveLength(1);
    const rows = run.steps();
    expect(rows.get('always.clean')?.output).toEqual({ status: 'cancelled' });
    expect(Object.fromEntries(['a', 'hang', 'sub', 'ok', 'page[0..1]', 'never'].map((name) => [name, rows.get(name)?.status]))).toEqual({
      a: 'done',
      hang: 'cancelled',
      sub: 'cancelled',
      ok: 'cancelled',
      'page[0..1]': 'cancelled',
      never: 'cancelled',
    });
    expect(kit.control.final(run.runId)).toMatchObject({ status: 'cancelled', abandoned: [] });
    expect(kit.control.final(`${run.runId}+sub`)).toMatchObject({ status: 'cancelled' });
  });

  it('a step that does not hear it is left behind after the grace, and listed', async () => {
    const deaf = held();
    kit.on('deaf', deaf.handler);
    const run = await kit.run(plan('deafs', [step('deaf')]), { limits: { graceMs: 500 } });
    await deaf.start;
    await run.handle.cancel();
    expect(await cancelled(run)).toBe(true);
    deaf.release();
    expect(kit.control.final(run.runId)?.abandoned).toEqual(['deaf']);
    expect(run.steps().get('deaf')?.status).toBe('abandoned');
  });

  it('ends a paused run too', async () => {
    const run = await kit.run(plan('waits', [gate]));
    await run.untilStep('ok', 'waiting');
    await run.control({ kind: 'pause', by: 'ann' });
    await run.handle.cancel();
    expect(await cancelled(run)).toBe(true);
  });
});

describe('retry', () => {
  it('runs again only what failed and what follows, with the outputs from before and the same run', async () => {
    let broken = true;
    kit.on('mend', () => {
      if (broken) throw new Error('not yet');
      return 5;
    });
    const map = mapOf('each', [1, 2], block([add('in', ref('$item0'))], ref('in')));
    const skeleton = plan(
      'retries',
      [add('a', 1), map, step('mend', {}, { after: ['a'] }), step('b', { m: ref('mend'), e: ref('each') }, { task: 'echo@1' })],
      { output: ref('b') },
    );
    const run = await kit.run(skeleton);
    expect(await run.failure()).toContain('not yet');
    broken = false;
    kit.control.donePageBytes = 1; // a page an output
    const again = await kit.run(skeleton, { runId: run.runId, retryOf: 1 });
    expect(await again.result()).toEqual({ m: 5, e: [2, 3] });
    expect(kit.steps.stepsOf(run.runId).sort()).toEqual(['a', 'b', 'each[0].in', 'each[1].in', 'mend', 'mend']);
    kit.control.donePageBytes = 1024 * 1024;
  });

  it('takes over chunks without failures, and runs the others again', async () => {
    let broken = true;
    kit.on('picky', ({ x }: { x: number }) => {
      if (broken && x === 3) throw new Error('not 3');
      return x;
    });
    const list = kit.steps.items.list([1, 2, 3, 4], 2);
    const map = mapOf('each', list as unknown as Json, block([step('picky', { x: ref('$item0') })], ref('picky')), { items: 'list' });
    const run = await kit.run(plan('chunks', [map], { output: ref('each') }));
    expect(await run.failure()).toContain('not 3');
    broken = false;
    const again = await kit.run(plan('chunks', [map], { output: ref('each') }), { runId: run.runId, retryOf: 1 });
    expect(kit.steps.items.all((await again.result()) as never)).toEqual([1, 2, 3, 4]);
    expect(kit.steps.stepsOf(run.runId).filter((name) => name === 'each[0].picky')).toHaveLength(1);
    expect(kit.steps.stepsOf(run.runId).filter((name) => name === 'each[2].picky')).toHaveLength(2);
  });

  it('runs the always block again, with the outcome of the retry', async () => {
    let broken = true;
    kit.on('mend', () => {
      if (broken) throw new Error('not yet');
      return 5;
    });
    const always = block([step('clean', { status: ref('$outcome', 'status') }, { task: 'echo@1' })]);
    const skeleton = plan('cleansagain', [add('a', 1), step('mend')], { always });
    const run = await kit.run(skeleton);
    expect(await run.failure()).toContain('not yet');
    broken = false;
    await (await kit.run(skeleton, { runId: run.runId, retryOf: 1 })).result();
    expect(kit.steps.stepsOf(run.runId).sort()).toEqual(['a', 'always.clean', 'always.clean', 'mend', 'mend']);
    expect(run.steps().get('always.clean')?.output).toEqual({ status: 'done' });
  });

  it('records the chunk that it ran again, so that the next retry takes it over', async () => {
    let broken = true;
    kit.on('picky', ({ x }: { x: number }) => {
      if (broken && x === 1) throw new Error('not 1');
      return x;
    });
    kit.on('later', () => {
      throw new Error('later');
    });
    const list = kit.steps.items.list([1, 2], 2);
    const map = mapOf('each', list as unknown as Json, block([step('picky', { x: ref('$item0') })], ref('picky')), { items: 'list' });
    const skeleton = plan('chunkagain', [map, step('later', {}, { after: ['each'] })]);
    const run = await kit.run(skeleton);
    expect(await run.failure()).toContain('not 1');
    broken = false;
    for (const retryOf of [1, 2]) expect(await (await kit.run(skeleton, { runId: run.runId, retryOf })).failure()).toContain('later');
    expect(kit.steps.stepsOf(run.runId).filter((name) => name === 'each[1].picky')).toHaveLength(2);
  });

  it('under a plan with one more map behind it a chunk runs again, and no item is lost', async () => {
    let broken = true;
    kit.on('picky', ({ x }: { x: number }) => {
      if (broken && x === 3) throw new Error('not 3');
      return x;
    });
    const list = kit.steps.items.list([1, 2, 3, 4], 2);
    const map = mapOf('each', list as unknown as Json, block([step('picky', { x: ref('$item0') })], ref('picky')), { items: 'list' });
    const run = await kit.run(plan('morechunks', [map], { output: ref('each') }));
    expect(await run.failure()).toContain('not 3');
    broken = false;
    const second = mapOf('more', ref('each'), block([add('plus', ref('$item0'))], ref('plus')), { items: 'list', fuse: 'each' });
    const again = await kit.run(plan('morechunks', [map, second], { output: ref('more') }), { runId: run.runId, retryOf: 1 });
    expect(kit.steps.items.all((await again.result()) as never)).toEqual([2, 3, 4, 5]);
  });

  it('takes over steps that gave null: a message is not sent again, an event not waited for again', async () => {
    let broken = true;
    kit.on('mend', () => {
      if (broken) throw new Error('not yet');
      return 5;
    });
    const skeleton = plan(
      'tellsonce',
      [
        step('tell', { text: 'x' }, { task: 'heddle.notify@1' }),
        { kind: 'wait', id: 'go', on: { event: 'go' }, withinMs: 600_000 },
        step('mend', {}, { after: ['tell', 'go'] }),
      ],
      { rules: { 'heddle.notify': { pool: 'heddle' } }, output: ref('mend') },
    );
    const run = await kit.run(skeleton);
    await run.control({ kind: 'event', event: 'go', payload: null, by: 'ann' });
    expect(await run.failure()).toContain('not yet');
    broken = false;
    expect(await (await kit.run(skeleton, { runId: run.runId, retryOf: 1 })).result()).toBe(5);
    expect(kit.control.controlSteps.filter(({ runId }) => runId === run.runId)).toHaveLength(1);
  });

  it('of a plan that the server does not have fails with HDL-NO-PLAN', async () => {
    const { skeleton: _left, ...input } = {
      skeleton: chain(1),
      project: 'p',
      runId: 'lost',
      pipeline: 'chain',
      planHash: 'unknown',
      params: {},
      partition: null,
    };
    const handle = await kit.client.workflow.start('chain', { taskQueue: 'p/heddle', workflowId: 'lost', args: [input] });
    await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { message: 'no plan unknown' } } });
  });
});
