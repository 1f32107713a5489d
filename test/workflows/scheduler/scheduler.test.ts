import { describe, expect, it } from 'vitest';
import type { PlanNode } from '../../../dsl/plan/types.ts';
import { createScheduler } from '../../../workflows/scheduler/scheduler.ts';
import { block, drive, ref, rules, skeleton, task, userFailure } from './plan-kit.ts';

const ok = () => ({ output: 1 });
const failAt =
  (...steps: string[]) =>
  (command: { step?: string } | object) =>
    'step' in command && steps.includes(command.step as string) ? { failure: userFailure() } : { output: 1 };
const stepsOf = (outcome: { core: { steps(): Iterable<{ step: string; status: string }> } }) =>
  Object.fromEntries([...outcome.core.steps()].map((s) => [s.step, s.status]));

describe('order', () => {
  it('starts a step when what it needs is done, and not before', () => {
    const plan = skeleton([task('a'), task('b', { x: ref('a') }), task('c', { x: ref('a') }), task('d', { x: ref('b'), y: ref('c') })], ref('d'));
    const out = drive(plan, ok);
    expect(out.started).toEqual(['a', 'b', 'c', 'd']);
    expect(out.core.final).toEqual({ status: 'done', output: 1, failures: [] });
  });
  it('passes fields, list elements and lengths of outputs', () => {
    const plan = skeleton([task('a'), task('b', { n: ref('a', 'list', '1'), l: ref('a', 'list', 'length'), gone: ref('a', 'list', '9') })]);
    const out = drive(plan, (c) => ({ output: 'step' in c && c.step === 'a' ? { list: [5, 6] } : null }));
    expect(out.commands[1]).toMatchObject({ input: { n: 6, l: 2, gone: null } });
  });
  it('waits for `after` without using a value', () => {
    const out = drive(skeleton([task('a'), task('b', {}, { after: ['a'] })]), ok);
    expect(out.started).toEqual(['a', 'b']);
  });
  it('has at most maxInFlight commands open', () => {
    const out = drive(skeleton(Array.from({ length: 30 }, (_, i) => task(`s${i}`))), ok, { maxInFlight: 7 });
    expect(out.maxOpen).toBe(7);
    expect(out.core.final.status).toBe('done');
  });
  it('gives at most maxPerTurn commands in one turn', () => {
    const core = createScheduler({ skeleton: skeleton(Array.from({ length: 30 }, (_, i) => task(`s${i}`))), params: {}, partition: null, maxPerTurn: 4 });
    expect(core.start()).toHaveLength(4);
    expect(core.turn([{ type: 'done', step: 's0', output: 1 }])).toHaveLength(4);
  });
});

describe('failures', () => {
  it('fails what needs a failed step, lets independent branches finish, and gives all reasons', () => {
    const plan = skeleton([task('a'), task('b', { x: ref('a') }), task('c'), task('d', { x: ref('c') }), task('e')]);
    const out = drive(plan, failAt('a', 'e'));
    expect(stepsOf(out)).toEqual({ a: 'failed', b: 'blocked', c: 'done', d: 'done', e: 'failed' });
    expect(out.core.final.failures.map((f) => f.step)).toEqual(['a', 'e']);
  });
  it('starts a step again within the budget of its class, and no more', () => {
    const plan = skeleton([task('a')], null, { tasks: { 't@1': rules({ classes: { user: 2 } }) } });
    const out = drive(plan, failAt('a'));
    expect(out.started).toEqual(['a', 'a', 'a']);
    expect(out.commands.map((c) => (c.type === 'task' ? c.delayMs : -1))).toEqual([0, 2000, 4000]);
    expect(out.core.final.status).toBe('failed');
  });
  it('with onFailure pause holds the run at the failed step, and resume runs only it and what follows', () => {
    const core = createScheduler({
      skeleton: skeleton([task('a'), task('b', { x: ref('a') }), task('c')], null, { onFailure: 'pause' }),
      params: {},
      partition: null,
    });
    core.start();
    core.turn([
      { type: 'failed', step: 'a', failure: userFailure() },
      { type: 'done', step: 'c', output: 1 },
    ]);
    expect(core.status).toBe('paused');
    expect(core.finished).toBe(false);
    expect(core.resumeFailed().map((c) => 'step' in c && c.step)).toEqual(['a']);
    core.turn([{ type: 'done', step: 'a', output: 1 }]);
    core.turn([{ type: 'done', step: 'b', output: 1 }]);
    expect(core.final.status).toBe('done');
  });
  it('resumes under a newer plan with what is done kept', () => {
    const old = skeleton([task('a'), task('b', { x: ref('a') })], null, { onFailure: 'pause' });
    const core = createScheduler({ skeleton: old, params: {}, partition: null });
    core.start();
    core.turn([{ type: 'done', step: 'a', output: 7 }]);
    core.turn([{ type: 'failed', step: 'b', failure: userFailure() }]);
    const commands = core.resumeFailed(skeleton([task('a'), task('b', { y: ref('a') }), task('n', { x: ref('b') })], null, { onFailure: 'pause' }));
    expect(commands).toMatchObject([{ step: 'b', input: { y: 7 } }]);
    core.turn([{ type: 'done', step: 'b', output: 1 }]);
    core.turn([{ type: 'done', step: 'n', output: 1 }]);
    expect(core.final.status).toBe('done');
  });
});

describe('a newer plan', () => {
  it('keeps the items of a map that is done, those that failed and were borne too, and still knows of them', () => {
    const map: PlanNode = {
      kind: 'map',
      id: 'm',
      over: { $lit: [1, 2] },
      items: 'array',
      parallel: 2,
      depth: 0,
      tolerate: { count: 1 },
      body: block([task('f', { x: ref('$item0') })], ref('f')),
    };
    const plan = skeleton([map, task('b', { m: ref('m') })], null, { onFailure: 'pause' });
    const core = createScheduler({ skeleton: plan, params: {}, partition: null });
    core.start();
    core.turn([
      { type: 'done', step: 'm[0].f', output: 7 },
      { type: 'failed', step: 'm[1].f', failure: userFailure() },
    ]);
    core.turn([{ type: 'failed', step: 'b', failure: userFailure() }]);
    expect(core.resumeFailed(plan)).toMatchObject([{ step: 'b', input: { m: [7, null] } }]);
    expect(stepsOf({ core })).toEqual({ m: 'done', b: 'queued', 'm[0].f': 'done', 'm[1].f': 'failed' });
  });
});

describe('skips', () => {
  const branch = (id: string, condition: boolean, inner: PlanNode): PlanNode => ({
    kind: 'branch',
    id,
    if: { $lit: condition },
    then: block([inner], ref(inner.id)),
  });
  it('skips a step whose required input was skipped, and a run with skips succeeds', () => {
    const out = drive(skeleton([branch('w', false, task('a')), task('b', { x: ref('w') })], null), ok);
    expect(stepsOf(out)).toEqual({ w: 'skipped', b: 'skipped' });
    expect(out.core.final.status).toBe('done');
  });
  it('gives the other value by orElse', () => {
    const out = drive(skeleton([branch('w', false, task('a')), task('b', { x: { $orElse: [ref('w'), 5] } })]), ok);
    expect(out.commands).toMatchObject([{ step: 'b', input: { x: 5 } }]);
  });
  it('counts `after` a skipped step as satisfied', () => {
    const out = drive(skeleton([branch('w', false, task('a')), task('b', {}, { after: ['w'] })]), ok);
    expect(stepsOf(out)).toEqual({ w: 'skipped', b: 'done' });
  });
  it('runs the arm of the condition, with the step path of the block', () => {
    const out = drive(skeleton([branch('w', true, task('a'))], ref('w')), ok);
    expect(out.started).toEqual(['w.a']);
    expect(out.core.final.output).toBe(1);
  });
});

const mapNode = (over: Partial<Extract<PlanNode, { kind: 'map' }>> = {}): PlanNode => ({
  kind: 'map',
  id: 'm',
  over: { $lit: [10, 20, 30] },
  items: 'array',
  parallel: 2,
  depth: 0,
  body: block([task('f', { x: ref('$item0'), i: ref('$index0') })], ref('f')),
  ...over,
});

describe('map', () => {
  it('runs each item, `parallel` at a time, outputs in the order of the items', () => {
    const out = drive(
      skeleton([mapNode()], ref('m')),
      (c) => ({ output: c.type === 'task' ? (c.input as { x: number }).x + 1 : null }),
      {},
      (n) => n - 1,
    );
    expect(out.maxOpen).toBe(2);
    expect(out.core.final.output).toEqual([11, 21, 31]);
  });
  it('is done at once when it is empty', () => {
    expect(drive(skeleton([mapNode({ over: { $lit: [] } })], ref('m')), ok).core.final.output).toEqual([]);
  });
  it('names items by key', () => {
    expect(drive(skeleton([mapNode({ key: ref('$item0') })]), ok).started).toEqual(['m[10].f', 'm[20].f', 'm[30].f']);
  });
  it('bears as many failures as it tolerates and gives null there', () => {
    const out = drive(skeleton([mapNode({ tolerate: { count: 1 } })], ref('m')), failAt('m[1].f'));
    expect(out.core.final).toMatchObject({ status: 'done', output: [1, null, 1] });
  });
  it('starts nothing new after more failures than it tolerates', () => {
    const out = drive(skeleton([mapNode({ parallel: 1 })], ref('m')), failAt('m[0].f'));
    expect(out.started).toEqual(['m[0].f']);
    expect(out.core.final.failures[0]?.step).toBe('m[0].f');
  });
  it('nests, with the outer item at hand in the inner body', () => {
    const inner = mapNode({ id: 'n', depth: 1, over: ref('$item0'), body: block([task('g', { a: ref('$item1'), outer: ref('$index0') })], ref('g')) });
    const out = drive(skeleton([mapNode({ over: { $lit: [[1, 2], [3]] }, body: block([inner], ref('n')) })], ref('m')), (c) => ({
      output: c.type === 'task' ? c.input : null,
    }));
    expect(out.core.final.output).toEqual([
      [
        { a: 1, outer: 0 },
        { a: 2, outer: 0 },
      ],
      [{ a: 3, outer: 1 }],
    ]);
  });
  it('has no barrier between fused maps: an item goes on while others of the first map still run', () => {
    const second = mapNode({ id: 'n', over: ref('m'), fuse: 'm', body: block([task('g', { x: ref('$item0') })], ref('g')) });
    const core = createScheduler({ skeleton: skeleton([mapNode({ parallel: 3 }), second], ref('n')), params: {}, partition: null });
    core.start();
    const after = core.turn([{ type: 'done', step: 'm[1].f', output: 5 }]);
    expect(after).toMatchObject([{ step: 'n[1].g', input: { x: 5 } }]);
  });
  it('skips the item behind a failed one, and the list of the first stays available', () => {
    const second = mapNode({ id: 'n', over: ref('m'), fuse: 'm', body: block([task('g', { x: ref('$item0') })], ref('g')) });
    const out = drive(skeleton([mapNode({ tolerate: { count: 1 } }), second], { first: ref('m'), second: ref('n') }), failAt('m[1].f'));
    expect(out.core.final.output).toEqual({ first: [1, null, 1], second: [1, null, 1] });
    expect(out.started).not.toContain('n[1].g');
  });
  it('sends pages of an item list to chunks and joins their results', () => {
    const list = { kind: 'items', uri: 'store://x', count: 1200, pageSize: 500, digest: 'd' };
    const plan = skeleton([mapNode({ items: 'list', over: { $lit: list }, parallel: 100 }), task('after', { l: ref('m') })]);
    const core = createScheduler({ skeleton: plan, params: {}, partition: null });
    const chunks = core.start();
    expect(chunks.map((c) => 'step' in c && c.step)).toEqual(['m[0..499]', 'm[500..999]', 'm[1000..1199]']);
    let last = chunks;
    for (const chunk of chunks)
      last = core.turn([
        {
          type: 'chunk-done',
          step: (chunk as { step: string }).step,
          results: [{ uri: `${(chunk as { page: number }).page}`, count: 1, failed: 0, firstFailure: null }],
        },
      ]);
    expect(last).toMatchObject([{ type: 'join', pages: [{ uri: '0' }, { uri: '1' }, { uri: '2' }] }]);
    const next = core.turn([{ type: 'done', step: (last[0] as { step: string }).step, output: { ...list, uri: 'out' } }]);
    expect(next).toMatchObject([{ step: 'after', input: { l: { uri: 'out' } } }]);
  });
});

describe('a list map and cancels', () => {
  const list = { kind: 'items', uri: 'store://x', count: 600, pageSize: 500, digest: 'd' };
  const start = () => {
    const map: PlanNode = { kind: 'map', id: 'm', over: { $lit: list }, items: 'list', parallel: 100, depth: 0, body: block([task('f')], ref('f')) };
    const core = createScheduler({ skeleton: skeleton([map, task('other')]), params: {}, partition: null });
    core.start();
    return core;
  };
  const done = (step: string) => ({ type: 'chunk-done', step, results: [{ uri: step, count: 1, failed: 0, firstFailure: null }] }) as const;
  it('a chunk that somebody cancels from outside fails the map, and the run ends', () => {
    const core = start();
    core.turn([done('m[0..499]'), { type: 'cancelled', step: 'm[500..599]' }, { type: 'done', step: 'other', output: 1 }]);
    expect(core.finished).toBe(true);
    expect(core.final).toMatchObject({ status: 'failed', failures: [{ step: 'm[500..599]', failure: { code: 'HDL-STEP-CANCELLED' } }] });
  });
  it('nothing is joined once the run is being cancelled', () => {
    const core = start();
    core.turn([{ type: 'cancel' }]);
    expect(core.turn([done('m[0..499]'), done('m[500..599]')])).toEqual([]);
    core.turn([{ type: 'cancelled', step: 'other' }]);
    expect(core.finished).toBe(true);
    expect(stepsOf({ core })).toMatchObject({ m: 'cancelled', other: 'cancelled' });
  });
});

describe('loop', () => {
  const loop = (onMax: 'fail' | 'stop'): PlanNode => ({
    kind: 'loop',
    id: 'l',
    start: { n: 0 },
    depth: 0,
    max: 3,
    onMax,
    until: { $op: ['gte', ref('$state0', 'n'), 9] },
    body: block([task('fit', { s: ref('$state0', 'n'), round: ref('$round0') })], { n: ref('fit') }),
  });
  it('gives its last state when the condition holds', () => {
    const out = drive(skeleton([loop('fail')], ref('l')), (c) => ({ output: c.type === 'task' && (c.input as { round: number }).round === 2 ? 9 : 1 }));
    expect(out.started).toEqual(['l#1.fit', 'l#2.fit']);
    expect(out.core.final.output).toEqual({ n: 9 });
  });
  it('fails or stops at its bound', () => {
    expect(drive(skeleton([loop('fail')]), ok).core.final.failures[0]?.failure.code).toBe('HDL-LOOP-MAX');
    expect(drive(skeleton([loop('stop')], ref('l')), ok).core.final.output).toEqual({ n: 1 });
  });
});

describe('always, cancel, pause', () => {
  const withAlways = (nodes: PlanNode[]) => skeleton(nodes, null, { always: block([task('clean', { s: ref('$outcome', 'status') })]) });
  it('runs after success, failure and cancel, once, with the status', () => {
    expect(drive(withAlways([task('a')]), ok).commands.at(-1)).toMatchObject({ step: 'always.clean', input: { s: 'done' } });
    expect(drive(withAlways([task('a')]), failAt('a')).commands.at(-1)).toMatchObject({ input: { s: 'failed' } });
    const core = createScheduler({ skeleton: withAlways([task('a'), task('b', { x: ref('a') })]), params: {}, partition: null });
    core.start();
    expect(core.turn([{ type: 'cancel' }])).toEqual([]);
    const commands = core.turn([{ type: 'cancelled', step: 'a' }]);
    expect(commands).toMatchObject([{ step: 'always.clean', input: { s: 'cancelled' } }]);
    core.turn([{ type: 'failed', step: 'always.clean', failure: userFailure() }]);
    expect(core.finished).toBe(true);
    expect(core.final.status).toBe('cancelled');
    expect(stepsOf({ core })).toEqual({ a: 'cancelled', b: 'cancelled', 'always.clean': 'failed' });
  });
  it('starts nothing of an always block whose time is over: neither what waits for room nor the next items, and the run fails', () => {
    const map: PlanNode = {
      kind: 'map',
      id: 'm',
      over: { $lit: [1, 2, 3] },
      items: 'array',
      parallel: 1,
      depth: 0,
      tolerate: { count: 3 },
      body: block([task('in')], ref('in')),
    };
    const plan = skeleton([], null, {
      always: block([task('a'), map, task('late'), task('b', {}, { after: ['late'] })]),
      tasks: { 't@1': rules({ classes: { timeout: 5 } }) },
    });
    const core = createScheduler({ skeleton: plan, params: {}, partition: null, maxInFlight: 2 });
    expect(core.start()).toMatchObject([{ step: 'always.a' }, { step: 'always.late' }]);
    expect(core.turn([{ type: 'done', step: 'always.a', output: 1 }])).toMatchObject([{ step: 'always.m[0].in' }]);
    const over = { class: 'timeout', code: 'HDL-ALWAYS-TIMEOUT', message: 'over' } as const;
    const commands = core.turn([
      { type: 'always-over' },
      { type: 'failed', step: 'always.late', failure: over },
      { type: 'failed', step: 'always.m[0].in', failure: over },
    ]);
    expect(commands).toEqual([]);
    expect(core.finished).toBe(true);
    expect(core.final).toMatchObject({ status: 'failed', failures: [{ failure: { code: 'HDL-ALWAYS-TIMEOUT' } }] });
    expect(stepsOf({ core })).toMatchObject({ 'always.a': 'done', 'always.late': 'failed', 'always.m[0].in': 'failed' });
    for (const { status } of core.steps()) expect(['pending', 'queued', 'running', 'waiting', 'retrying']).not.toContain(status);
  });
  it('takes a command back that was not begun, and gives it again when the run goes on', () => {
    const core = createScheduler({ skeleton: skeleton([task('a')], null, { tasks: { 't@1': rules({ classes: { user: 2 } }) } }), params: {}, partition: null });
    core.start();
    expect(core.turn([{ type: 'failed', step: 'a', failure: userFailure() }])).toMatchObject([{ step: 'a', round: 2, delayMs: 2000 }]);
    expect(core.turn([{ type: 'pause' }, { type: 'put-back', step: 'a' }])).toEqual([]);
    expect(core.busy).toBe(0);
    expect(core.turn([{ type: 'resume' }])).toMatchObject([{ step: 'a', round: 2, delayMs: 2000 }]);
  });
  it('starts nothing while paused, takes what ends, and goes on', () => {
    const core = createScheduler({ skeleton: skeleton([task('a'), task('b', { x: ref('a') })]), params: {}, partition: null });
    core.start();
    core.turn([{ type: 'pause' }]);
    expect(core.turn([{ type: 'done', step: 'a', output: 1 }])).toEqual([]);
    expect(core.status).toBe('paused');
    expect(core.turn([{ type: 'resume' }])).toMatchObject([{ step: 'b' }]);
  });
});

describe('gates, waits, pins', () => {
  it('a gate takes no room and its time-out goes where onTimeout says', () => {
    const gate: PlanNode = { kind: 'gate', id: 'ok', ask: 'Go?', show: {}, from: [], withinMs: 1, onTimeout: 'reject' };
    const core = createScheduler({ skeleton: skeleton([gate, task('a', { v: ref('ok', 'approved') })]), params: {}, partition: null, maxInFlight: 1 });
    core.start();
    expect(core.busy).toBe(0);
    expect(core.turn([{ type: 'expired', step: 'ok' }])).toMatchObject([{ step: 'a', input: { v: false } }]);
  });
  const slice = (day: unknown) => ({ $slice: { dataset: 'd', how: 'at', key: { day } } }) as never;
  it('pins once at the start what params and partition name, and hands the same handle to all', () => {
    const out = drive(
      skeleton([task('a', { s: slice(ref('$partition', 'day')) }), task('b', { s: slice(ref('$partition', 'day')) })]),
      (c) => ({ output: c.type === 'pin' ? [{ kind: 'slice', dataset: 'd' }] : 1 }) as never,
      { partition: { key: 'x', day: 'x' } },
    );
    expect(out.commands.map((c) => c.type)).toEqual(['pin', 'task', 'task']);
    expect(out.commands[2]).toMatchObject({ input: { s: { dataset: 'd' } } });
  });
  it('asks again for a partition that was not there at the start, and fails the step when it still is not', () => {
    let asked = 0;
    const out = drive(
      skeleton([task('a'), task('b', { s: slice('2001-01-01') }, { after: ['a'] })]),
      (c) => ({ output: c.type === 'pin' ? (asked++, [{ missing: 'd day=2001-01-01' }]) : 1 }) as never,
    );
    expect(asked).toBe(2);
    expect(out.core.final.failures).toMatchObject([{ step: 'b', failure: { class: 'data', code: 'HDL-NOT-PUBLISHED' } }]);
  });
  it('asks anew for a partition that was missing for one step, when another comes that may find it published', () => {
    let published = false;
    const bears: PlanNode = {
      kind: 'map',
      id: 'm',
      over: { $lit: [1] },
      items: 'array',
      parallel: 1,
      depth: 0,
      tolerate: { count: 1 },
      body: block([task('early', { s: slice('2001-01-01') })]),
    };
    const out = drive(skeleton([bears, task('publish', {}, { after: ['m'] }), task('late', { s: slice('2001-01-01') }, { after: ['publish'] })]), (c) => {
      if (c.type === 'pin') return { output: [published ? { kind: 'slice', dataset: 'd' } : { missing: 'd day=2001-01-01' }] } as never;
      if ('step' in c && c.step === 'publish') published = true;
      return { output: 1 };
    });
    expect(out.started).toEqual(['publish', 'late']);
    expect(out.core.final.status).toBe('done');
  });
  it('takes results from before as seeds, without commands', () => {
    const out = drive(skeleton([task('a'), task('b', { x: ref('a') })], ref('b')), ok, {
      seed: (s) => (s === 'a' ? { status: 'done', output: 4 } : undefined),
    });
    expect(out.commands).toMatchObject([{ step: 'b', input: { x: 4 } }]);
  });
});
