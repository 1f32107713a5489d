/** Runs that go through most of the interpreter: recorded as histories, and run without a cache. */
import type { GateNode, Json, PlanNode, Skeleton } from '../../dsl/plan/types.ts';
import { messages, type RunInput } from '../../dsl/contract/run.ts';
import { until, type Kit, type Run } from './kit.ts';
import { block, chain, mapOf, plan, ref, step } from './plans.ts';

export interface ReferenceRun {
  readonly name: string;
  start(kit: Kit): Promise<{ readonly run: Run; readonly result: Json }>;
}

const add = (id: string, x: Json): PlanNode => step(id, { x }, { task: 'add@1' });
const gate: GateNode = { kind: 'gate', id: 'ok', ask: 'Go?', show: null, from: ['ann'], withinMs: 600_000, onTimeout: 'reject' };

const simple = (
  name: string,
  skeleton: Skeleton | ((kit: Kit) => Skeleton),
  during: (run: Run, kit: Kit) => Promise<void> = async () => {},
  input: Partial<RunInput> = {},
): ReferenceRun => ({
  name,
  async start(kit) {
    kit.on('add', ({ x }: { x: number }) => x + 1);
    kit.on('bad', () => {
      throw new Error('odd data');
    });
    const run = await kit.run(typeof skeleton === 'function' ? skeleton(kit) : skeleton, { runId: `ref-${name}`, ...input });
    await during(run, kit);
    try {
      return { run, result: await run.result() };
    } catch (error) {
      return { run, result: (error as Error).message };
    }
  },
});

export const referenceRuns: readonly ReferenceRun[] = [
  simple('chain', chain(12)),
  simple(
    'fan',
    plan(
      'fan',
      [
        mapOf(
          'm',
          Array.from({ length: 120 }, (_, i) => i),
          block([add('a', ref('$item0'))], ref('a')),
          { parallel: 100 },
        ),
      ],
      { output: ref('m') },
    ),
  ),
  simple(
    'fused',
    plan(
      'fused',
      [
        mapOf('f', [1, 2, 3], block([add('a', ref('$item0'))], ref('a')), { parallel: 2 }),
        mapOf('g', ref('f'), block([add('b', ref('$item0'))], ref('b')), { fuse: 'f' }),
      ],
      { output: ref('g') },
    ),
  ),
  simple('list', (kit) =>
    plan('list', [mapOf('m', kit.steps.items.list([1, 2, 3, 4, 5], 2) as unknown as Json, block([add('a', ref('$item0'))], ref('a')), { items: 'list' })], {
      output: ref('m', 'count'),
    }),
  ),
  simple(
    'loop',
    plan(
      'loop',
      [
        {
          kind: 'loop',
          id: 'grow',
          start: 0,
          depth: 0,
          max: 9,
          onMax: 'fail',
          until: { $op: ['gte', ref('$state0'), 3] },
          body: block([add('add', ref('$state0'))], ref('add')),
        },
      ],
      { output: ref('grow') },
    ),
  ),
  simple(
    'failed',
    plan('failed', [step('bad'), step('after', { x: ref('bad') }), add('fine', 1)], {
      always: block([step('clean', { status: ref('$outcome', 'status') }, { task: 'echo@1' })]),
    }),
  ),
  simple(
    'gates',
    plan(
      'gates',
      [
        gate,
        { ...gate, id: 'late', withinMs: 200 },
        { kind: 'wait', id: 'go', on: { event: 'go' }, withinMs: 600_000 },
        { kind: 'wait', id: 'file', on: { path: 'file:///x' }, withinMs: 600_000 },
      ],
      { output: [ref('ok', 'by'), ref('late', 'timedOut'), ref('go'), ref('file')] },
    ),
    async (run) => {
      await run.untilStep('file', 'waiting');
      await run.control({ kind: 'pause', by: 'ann' });
      await run.control({ kind: 'answer', step: 'ok', approved: true, by: 'ann', roles: [], note: null, at: 1 });
      await run.control({ kind: 'event', event: 'go', payload: 1, by: 'ann' });
      await run.untilStep('late', 'done');
      await run.control({ kind: 'resume', by: 'ann' });
      await run.handle.signal(messages.satisfied, { step: 'file', value: 2 });
    },
  ),
  simple(
    'cancelled',
    plan('cancelled', [step('hang'), gate], { always: block([step('clean', { status: ref('$outcome', 'status') }, { task: 'echo@1' })]) }),
    async (run) => {
      await run.untilStep('ok', 'waiting');
      await run.handle.cancel();
    },
  ),
  simple('continued', chain(40), async () => {}, { limits: { historyEvents: 80 } }),
  // A step that runs through the continue-as-new in a workflow of its own, and ends last.
  simple(
    'long',
    (kit) => {
      kit.on('until-told', () => kit.told);
      return plan('long', [step('until-told'), ...chain(30).body.nodes], {
        rules: { 'until-told': { timed: true, timeoutMs: 3_600_000 } },
        output: ref('until-told'),
      });
    },
    async (run, kit) => {
      await until(
        () => kit.steps.stepsOf(run.runId).includes('s29'), // a query would have an uncached run replayed each time
        (begun) => begun,
      );
      kit.tell(7);
    },
    { limits: { historyEvents: 80, largeRun: 20 } },
  ),
];
