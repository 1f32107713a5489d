/**
 * Continue-as-new at random moments, with maps, fused maps, item lists, budgets and steps that still run, against the same
 * run in one piece: the same ends, the same values, nothing done twice. The real core and the real carry, no Temporal.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json, MapNode, PlanNode, Skeleton } from '../../dsl/plan/types.ts';
import { beforeOf, carryOf, settledIn, type Carry } from '../../workflows/driver/carry.ts';
import { isContainer } from '../../workflows/driver/container-times.ts';
import type { Driver } from '../../workflows/driver/driver.ts';
import type { Command, SchedulerCore, SchedulerEvent, Settled } from '../../workflows/scheduler/messages.ts';
import { createScheduler } from '../../workflows/scheduler/scheduler.ts';
import { block, ref, rules, skeleton, task, userFailure } from '../workflows/scheduler/plan-kit.ts';

type Kind = 'task' | 'skip' | 'branch' | 'map' | 'bears' | 'fused' | 'list' | 'loop' | 'keyed';
interface Wish {
  readonly kind: Kind;
  readonly values: number[];
  readonly after: number[];
}
interface Chances {
  readonly wishes: readonly Wish[];
  /** What a step does follows from its path and this. */
  readonly salt: number;
  readonly order: readonly number[];
  /** Turns after which it continues as new; whether it is paused then. */
  readonly cuts: readonly { readonly after: number; readonly paused: boolean }[];
  readonly inFlight: number;
}
const BUDGET = 2;

const chances: fc.Arbitrary<Chances> = fc.record({
  wishes: fc
    .array(
      fc.record({
        kind: fc.constantFrom<Kind>('task', 'task', 'skip', 'branch', 'map', 'bears', 'fused', 'list', 'loop', 'keyed'),
        values: fc.array(fc.nat(1000), { maxLength: 2 }),
        after: fc.array(fc.nat(1000), { maxLength: 1 }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((list) =>
      list.map((wish, i) => ({ ...wish, values: i === 0 ? [] : wish.values.map((v) => v % i), after: i === 0 ? [] : wish.after.map((v) => v % i) })),
    ),
  salt: fc.nat(1_000_000),
  order: fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }),
  cuts: fc.array(fc.record({ after: fc.integer({ min: 0, max: 12 }), paused: fc.boolean() }), { minLength: 1, maxLength: 5 }),
  inFlight: fc.integer({ min: 1, max: 8 }),
});

const id = (i: number): string => `s${i}`;
/** 0..99, the same for the same path. */
function dice(path: string, salt: number): number {
  let hash = salt + 7;
  for (let i = 0; i < path.length; i++) hash = (Math.imul(hash, 31) + path.charCodeAt(i)) >>> 0;
  return (Math.imul(hash ^ (hash >>> 13), 2654435761) >>> 0) % 100;
}

function nodesOf(wish: Wish, i: number): PlanNode[] {
  const input = Object.fromEntries(wish.values.map((v, k) => [`v${k}`, ref(id(v))]));
  const after = wish.after.length > 0 ? { after: wish.after.map(id) } : {};
  const inner = task('in', input);
  const item = block([task('in', { ...input, x: ref('$item0') }), task('next', { y: ref('in') })], ref('next'));
  const map = (rest: Partial<MapNode>): MapNode => ({
    kind: 'map',
    id: id(i),
    over: { $lit: [1, 2, 3, 4, 5] },
    items: 'array',
    parallel: 2,
    depth: 0,
    body: item,
    ...after,
    ...rest,
  });
  switch (wish.kind) {
    case 'task':
      return [task(id(i), input, after)];
    case 'skip':
      return [{ kind: 'branch', id: id(i), if: { $lit: false }, then: block([inner], ref('in')), ...after }];
    case 'branch':
      return [{ kind: 'branch', id: id(i), if: { $lit: true }, then: block([inner, task('more', { x: ref('in') })], ref('more')), ...after }];
    case 'map':
      return [map({})];
    case 'keyed':
      return [map({ over: { $lit: ['b', 'a', 'd', 'c'] }, key: ref('$item0'), tolerate: { share: 0.5 } })];
    case 'bears':
      return [map({ tolerate: { count: 2 } })];
    case 'fused':
      return [map({ id: `${id(i)}f`, tolerate: { count: 3 } }), map({ over: ref(`${id(i)}f`), fuse: `${id(i)}f`, tolerate: { count: 2 } })];
    case 'list':
      return [map({ over: { $lit: { kind: 'items', uri: id(i), count: 12, pageSize: 2, digest: '' } }, items: 'list', parallel: 100, tolerate: { count: 3 } })];
    case 'loop':
      return [{ kind: 'loop', id: id(i), start: {}, depth: 0, max: 3, onMax: 'stop', until: { $lit: false }, body: block([inner], ref('in')), ...after }];
  }
}
const planOf = (wishes: readonly Wish[]): Skeleton => skeleton(wishes.flatMap(nodesOf), null, { tasks: { 't@1': rules({ classes: { user: BUDGET } }) } });

/** What the world answers the n-th time that it is asked. */
function answerOf(command: Command & { step: string }, nth: number, salt: number): SchedulerEvent {
  const { step } = command;
  const luck = dice(step, salt);
  if (command.type === 'chunk') {
    if (luck < 8) return { type: 'failed', step, failure: userFailure('the page') };
    const failed = luck < 30 ? (luck % 2) + 1 : 0;
    return { type: 'chunk-done', step, results: [{ uri: step, count: 2, failed, firstFailure: failed > 0 ? userFailure() : null }] };
  }
  if (command.type === 'join') return { type: 'done', step, output: { kind: 'items', uri: step, count: command.pages.length * 2, pageSize: 2, digest: '' } };
  const failures = luck < 12 ? BUDGET + 1 : luck < 30 ? (luck % BUDGET) + 1 : 0;
  if (nth <= failures) return { type: 'failed', step, failure: userFailure() };
  // A null that a step gave is a value like any other.
  return { type: 'done', step, output: luck % 4 === 0 ? null : luck };
}

interface End {
  readonly core: SchedulerCore;
  readonly tries: ReadonlyMap<string, number>;
}

/** Runs to the end; `cuts` say where it goes on in another core. */
function run({ wishes, salt, order, inFlight }: Chances, cuts: Chances['cuts']): End {
  const plan = planOf(wishes);
  const tries = new Map<string, number>();
  const doneOnce = new Set<string>();
  let results = new Map<string, Json>();
  let open: (Command & { step: string })[] = [];
  let turns = 0;
  let core: SchedulerCore = createScheduler({ skeleton: plan, params: {}, partition: null, maxInFlight: inFlight });
  /** Still running from the core before. */
  let adopted = new Set<string>();
  let seeds: ReadonlyMap<string, Settled> = new Map();

  const take = (fresh: readonly Command[]): void => {
    const known: SchedulerEvent[] = [];
    for (const command of fresh) {
      if (!('step' in command)) continue;
      const { step } = command;
      const seed = command.type === 'chunk' ? seeds.get(step) : undefined;
      if (seed?.status === 'done') {
        results.set(step, seed.output);
        known.push({ type: 'chunk-done', step, results: seed.output as never });
        continue;
      }
      if (seed?.status === 'failed') {
        known.push({ type: 'failed', step, failure: seed.failure });
        continue;
      }
      open.push(command);
      if (adopted.delete(step)) continue;
      expect(doneOnce, `${step} is started once more`).not.toContain(step);
      if (command.type === 'task' && (tries.get(step) ?? 0) > 0) expect(command.delayMs, `${step} waits before it is tried again`).toBeGreaterThan(0);
      tries.set(step, (tries.get(step) ?? 0) + 1);
    }
    if (known.length > 0) take(core.turn(known));
  };
  const settleOne = (at: number): void => {
    const [command] = open.splice(at, 1) as [Command & { step: string }];
    const event = answerOf(command, tries.get(command.step) ?? 1, salt);
    if (event.type === 'done' || event.type === 'chunk-done') doneOnce.add(command.step);
    if (event.type === 'chunk-done') results.set(command.step, event.results as unknown as Json); // plain JSON
    take(core.turn([event]));
  };
  const next = (): number => (order[turns++ % order.length] as number) % open.length;

  take(core.start());
  for (const cut of cuts) {
    for (let i = 0; i < cut.after && open.length > 0; i++) settleOne(next());
    if (core.finished || open.length === 0) break;
    // Nothing new starts; what cannot be handed over ends first.
    core.turn([{ type: 'pause' }]);
    const stays = (command: Command & { step: string }): boolean => command.type !== 'join' && dice(`${command.step}!`, salt) < 60;
    for (let at = open.findIndex((command) => !stays(command)); at >= 0; at = open.findIndex((command) => !stays(command))) settleOne(at);
    if (core.finished || core.status !== 'paused') break;
    // Those that this core has not come to run on, too.
    const children = [...open.map(({ step }) => step), ...adopted].map((step) => ({ step, workflowId: step, token: step, since: 1, earlier: 0, result: null }));
    const carry = JSON.parse(
      JSON.stringify(carryOf(driverOf(core, plan, results, children), { nextPage: 1, hidden: {}, pruned: false, seeds: seeds })),
    ) as Carry;
    expect(carry.fromCatalog).toBe(false);
    seeds = settledIn(carry);
    const known = seeds;
    const fresh: SchedulerCore = createScheduler({
      skeleton: plan,
      params: {},
      partition: null,
      maxInFlight: inFlight,
      ...beforeOf(carry),
      seed: (step) => known.get(step),
    });
    core = fresh;
    results = new Map();
    const running = open.filter(({ type }) => type === 'task').map(({ step }) => step);
    open = [];
    adopted = new Set(children.map(({ step }) => step));
    if (cut.paused) core.turn([{ type: 'pause' }]);
    take(core.start());
    if (cut.paused) {
      // What runs is known at once, and nothing else has begun. (Behind a fused map it is known when the item before has been met.)
      const met = open.filter(({ type }) => type === 'task').map(({ step }) => step);
      for (const step of met) expect(running).toContain(step);
      for (const step of running) if (!wishes.some(({ kind }, i) => kind === 'fused' && step.startsWith(`${id(i)}[`))) expect(met).toContain(step);
      take(core.turn([{ type: 'resume' }]));
    }
  }
  while (open.length > 0) settleOne(next());
  expect([...adopted]).toEqual([]);
  return { core, tries };
}

/** As much of a driver as the carry looks at. */
function driverOf(core: SchedulerCore, plan: Skeleton, results: ReadonlyMap<string, Json>, children: Carry['children']): Driver {
  return {
    core,
    context: { role: 'run', skeleton: plan },
    journal: { publishing: 0, abandoned: [], attempts: () => 1 },
    waits: { carried: [], unheard: [] },
    children: { carried: children },
    chunkResults: results,
    isPaused: false,
  } as unknown as Driver;
}

it('a cancel in a run that has continued starts nothing more, knows all that still runs, and ends it', () => {
  const wishes = chances.map((given) => ({ ...given, wishes: given.wishes.filter(({ kind }) => kind !== 'list' && kind !== 'fused') }));
  fc.assert(
    fc.property(wishes, fc.nat(8), fc.boolean(), ({ wishes: list, salt, inFlight }, at, paused) => {
      const plan = planOf(list.map((wish) => ({ ...wish, values: [], after: [] })));
      const first = createScheduler({ skeleton: plan, params: {}, partition: null, maxInFlight: inFlight });
      let open = first.start() as (Command & { step: string })[];
      for (let turn = 0; turn < at && open.length > 0; turn++) {
        const command = open.shift() as Command & { step: string };
        open.push(...(first.turn([answerOf(command, 1, salt)]) as (Command & { step: string })[]));
      }
      if (first.finished) return;
      first.turn([{ type: 'pause' }]);
      const underway = open.map(({ step }) => step);
      const children = underway.map((step) => ({ step, workflowId: step, token: step, since: 1, earlier: 0, result: null }));
      const carry = carryOf(driverOf(first, plan, new Map(), children), { nextPage: 1, hidden: {}, pruned: false, seeds: new Map() }) as Carry;
      const seeds = settledIn(carry);
      const core = createScheduler({ skeleton: plan, params: {}, partition: null, maxInFlight: inFlight, ...beforeOf(carry), seed: (step) => seeds.get(step) });
      if (paused) core.turn([{ type: 'pause' }]);
      open = core.start() as typeof open;
      for (const step of underway) expect(open.map((command) => command.step)).toContain(step);
      if (paused) expect(open).toHaveLength(underway.length);
      expect(core.turn([{ type: 'cancel' }])).toEqual([]);
      for (const { step } of open) expect(core.turn([{ type: 'cancelled', step }])).toEqual([]);
      expect(core.final.status).toBe('cancelled');
      expect(core.finished).toBe(true);
    }),
    { numRuns: 200 },
  );
});

const seen = (status: string | undefined): string => (status === 'blocked' ? 'failed' : (status ?? 'never'));

it('a run that continues as new at random moments ends as it would have in one piece, and does nothing twice', () => {
  fc.assert(
    fc.property(chances, (given) => {
      const whole = run(given, []);
      const parts = run(given, given.cuts);
      expect(parts.core.finished).toBe(true);
      expect(parts.core.final.status).toBe(whole.core.final.status);
      for (const { id: name } of planOf(given.wishes).body.nodes) {
        const [a, b] = [whole.core.step(name), parts.core.step(name)];
        expect(`${name} ${seen(b?.status)}`).toBe(`${name} ${seen(a?.status)}`);
        if (a?.status === 'done') expect([name, b?.output]).toEqual([name, a.output]);
      }
      for (const [step, count] of parts.tries) expect(count, step).toBeLessThanOrEqual(BUDGET + 1);
      // The reasons are the leaves', not those of the maps and branches around them.
      const pages = /\[\d+\.\.\d+\]$/;
      for (const { step, failure } of parts.core.final.failures)
        if (!pages.test(step) && failure.code !== 'HDL-MAP-FAILED') expect(isContainer(parts.core.step(step)?.kind ?? 'task'), step).toBe(false);
    }),
    { numRuns: 250 },
  );
});
