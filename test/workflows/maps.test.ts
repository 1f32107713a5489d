/** Maps and loops on the real server: arrays, nesting, fusion without a barrier, item lists in chunks, tolerance. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json, PlanNode } from '../../dsl/plan/types.ts';
import { activitiesOf, historyOf } from './history.ts';
import { Kit } from './kit.ts';
import { block, mapOf, plan, ref, step } from './plans.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
  kit.on('odd', ({ x }: { x: number }) => {
    if (x % 2 === 0) throw new Error(`${x} is even`);
    return x;
  });
});
afterAll(() => kit.stop());

const add = (id: string, x: Json): PlanNode => step(id, { x }, { task: 'add@1' });

describe('arrays', () => {
  it('runs a step an item, as many at once as it may, under the paths of their keys', async () => {
    kit.steps.most = 0;
    kit.on('wait', async ({ x }: { x: string }) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return x.toUpperCase();
    });
    const map = mapOf('trials', ref('$params', 'names'), block([step('wait', { x: ref('$item0') })], ref('wait')), { parallel: 2, key: ref('$item0') });
    const run = await kit.run(plan('trials', [map], { output: ref('trials') }), { params: { names: ['a', 'b', 'c', 'd'] } });
    expect(await run.result()).toEqual(['A', 'B', 'C', 'D']);
    expect(kit.steps.most).toBe(2);
    expect([...run.steps().keys()]).toEqual(['trials', 'trials[a].wait', 'trials[b].wait', 'trials[c].wait', 'trials[d].wait']);
    const [trials, first] = [run.steps().get('trials'), run.steps().get('trials[a].wait')];
    expect(trials?.queuedAt).toBe(first?.queuedAt);
    expect(trials?.endedAt).toBe(run.steps().get('trials[d].wait')?.endedAt);
  });

  it('a map in a map, and an empty one', async () => {
    const inner = mapOf('inner', ref('$item0'), block([add('add', ref('$item1'))], ref('add')), { depth: 1 });
    const nodes = [mapOf('outer', ref('$params', 'rows'), block([inner], ref('inner'))), mapOf('none', [], block([add('add', ref('$item0'))], ref('add')))];
    const run = await kit.run(plan('nested', nodes, { output: [ref('outer'), ref('none')] }), { params: { rows: [[1, 2], [3]] } });
    expect(await run.result()).toEqual([[[2, 3], [4]], []]);
    expect(run.steps().get('outer[1].inner[0].add')?.status).toBe('done');
  });

  it('failures that it bears give null, and more of them fail it', async () => {
    const odd = (tolerate: number) =>
      mapOf('odds', ref('$params', 'xs'), block([step('odd', { x: ref('$item0') })], ref('odd')), { tolerate: { count: tolerate } });
    const borne = await kit.run(plan('borne', [odd(2)], { output: ref('odds') }), { params: { xs: [1, 2, 3, 4] } });
    expect(await borne.result()).toEqual([1, null, 3, null]);
    const failed = await kit.run(plan('failed', [odd(1)], { output: ref('odds') }), { params: { xs: [1, 2, 3, 4] } });
    expect(await failed.failure()).toContain('odds[1].odd: Error: 2 is even');
  });

  it('a fused map begins with an item as soon as the one before is done with it', async () => {
    kit.on('first', async ({ x }: { x: number }) => {
      await new Promise((resolve) => setTimeout(resolve, x === 0 ? 0 : 1500));
      return x;
    });
    const nodes = [
      mapOf('f', [0, 1], block([step('first', { x: ref('$item0') })], ref('first'))),
      mapOf('g', ref('f'), block([add('add', ref('$item0'))], ref('add')), { fuse: 'f' }),
    ];
    const run = await kit.run(plan('fused', nodes, { output: ref('g') }));
    expect(await run.result()).toEqual([1, 2]);
    const times = new Map(activitiesOf((await historyOf(run.handle)).events).map((one) => [one.id, one]));
    expect(times.get('g[0].add')?.completedMs).toBeLessThan(times.get('f[1].first')?.completedMs as number);
  });
});

describe('maps that cannot run', () => {
  const over = (items: Json, rest: object = {}) => mapOf('xs', items, block([add('add', ref('$item0'))], ref('add')), rest);

  it('over something that is no list: HDL-MAP-INPUT', async () => {
    const run = await kit.run(plan('nolist', [over(ref('$params', 'x'))]), { params: { x: 'text' } });
    expect(await run.failure()).toContain('xs: HDL-MAP-INPUT');
  });
  it('over more than 1,000 items of an array: HDL-MAP-TOO-LARGE', async () => {
    const run = await kit.run(plan('many', [over(ref('$params', 'x'))]), { params: { x: Array.from({ length: 1001 }, () => 0) } });
    expect(await run.failure()).toContain('xs: HDL-MAP-TOO-LARGE: map over an array takes at most 1000 items, and this has 1001');
  });
  it('with two items of one key: HDL-MAP-KEY', async () => {
    const run = await kit.run(plan('twins', [over([7, 7], { key: ref('$item0') })]));
    expect(await run.failure()).toContain('HDL-MAP-KEY: two items have the key 7');
  });
});

describe('item lists', () => {
  const list = (over: Json, rest: object = {}) =>
    mapOf('scores', over, block([add('add', ref('$item0'))], ref('add')), { items: 'list', parallel: 100, ...rest });

  it('runs pages as children, and gives a list of the results in order', async () => {
    const items = kit.steps.items.list(
      Array.from({ length: 45 }, (_, i) => i),
      20,
    );
    const run = await kit.run(plan('lists', [list(items as unknown as Json)], { output: ref('scores') }));
    const result = await run.result();
    expect(result).toMatchObject({ kind: 'items', count: 45 });
    expect(kit.steps.items.all(result as never)).toEqual(Array.from({ length: 45 }, (_, i) => i + 1));
    const rows = run.steps();
    expect([...rows.values()].filter(({ kind }) => kind === 'chunk').map((row) => row.step)).toEqual(['scores[0..19]', 'scores[20..39]', 'scores[40..44]']);
    expect(rows.get('scores[44].add')).toMatchObject({ kind: 'item', status: 'done' });
    // The parent's history knows nothing of the items.
    expect((await historyOf(run.handle)).events.length).toBeLessThan(60);
    const open = await kit.client.workflow.count(`HeddleRunId = '${run.runId}' AND ExecutionStatus = 'Running'`);
    expect(open.count).toBe(0);
  });

  it('the maps fused behind it run in the same chunk, over values from outside', async () => {
    const items = kit.steps.items.list([1, 2, 3], 2);
    const second = mapOf(
      'sums',
      ref('scores'),
      block([step('sum', { a: ref('$item0'), b: ref('base') }), add('more', ref('sum', 'a'))], [ref('more'), ref('sum', 'b')]),
      { items: 'list', parallel: 100, fuse: 'scores' },
    );
    const run = await kit.run(
      plan('fusedlist', [add('base', 6), list(items as unknown as Json, { after: ['base'] }), second], { output: [ref('scores'), ref('sums')] }),
    );
    const [scores, sums] = (await run.result()) as Json[];
    expect(kit.steps.items.all(scores as never)).toEqual([2, 3, 4]);
    expect(kit.steps.items.all(sums as never)).toEqual([
      [3, 7],
      [4, 7],
      [5, 7],
    ]);
    expect(
      kit.control.pages
        .filter(({ runId }) => runId === run.runId)
        .map(({ page }) => page)
        .sort(),
    ).toEqual(['0', 'scores[0..1]/0', 'scores[2..2]/0']);
  });

  it('failed items are null in the pages, and too many of them fail the map', async () => {
    const items = kit.steps.items.list([1, 2, 3, 4, 5, 6], 3);
    const odds = (share: number) =>
      mapOf('odds', items as unknown as Json, block([step('odd', { x: ref('$item0') })], ref('odd')), { items: 'list', parallel: 1, tolerate: { share } });
    const borne = await kit.run(plan('bornelist', [odds(0.5)], { output: ref('odds') }));
    expect(kit.steps.items.all((await borne.result()) as never)).toEqual([1, null, 3, null, 5, null]);
    const failed = await kit.run(plan('failedlist', [odds(0.2)], { output: ref('odds') }));
    expect(await failed.failure()).toContain('odds: HDL-MAP-FAILED: 3 of 6 items failed, 1 are tolerated; the first: 2 is even');
  });

  it('a list map none of whose tasks runs on a pool fails with HDL-NO-ITEMS-POOL', async () => {
    const items = kit.steps.items.list([1]);
    const notify = mapOf('tells', items as unknown as Json, block([step('tell', { text: 'x' }, { task: 'heddle.notify@1' })]), { items: 'list' });
    const run = await kit.run(plan('nopool', [notify], { rules: { 'heddle.notify': { pool: 'heddle' } } }));
    expect(await run.failure()).toContain('tells[0..0]: HDL-NO-ITEMS-POOL');
  });
});

describe('loops', () => {
  const loop = (max: number, onMax: 'fail' | 'stop'): PlanNode => ({
    kind: 'loop',
    id: 'grow',
    start: 0,
    depth: 0,
    max,
    onMax,
    until: { $op: ['gte', ref('$state0'), 3] },
    body: block([add('add', ref('$state0'))], ref('add')),
  });

  it('goes on until its condition holds, and gives the last value', async () => {
    const run = await kit.run(plan('loops', [loop(10, 'fail')], { output: ref('grow') }));
    expect(await run.result()).toBe(3);
    expect([...run.steps().keys()]).toEqual(['grow', 'grow#1.add', 'grow#2.add', 'grow#3.add']);
  });

  it('fails at its bound, or stops there', async () => {
    const stopped = await kit.run(plan('stopped', [loop(2, 'stop')], { output: ref('grow') }));
    expect(await stopped.result()).toBe(2);
    const failed = await kit.run(plan('bounded', [loop(2, 'fail')]));
    expect(await failed.failure()).toContain('HDL-LOOP-MAX');
  });
});
