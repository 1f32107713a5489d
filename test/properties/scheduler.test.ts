/** The scheduler core against a naive model: random DAGs with failures, skips, retries, cancels, in random order of events. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlanNode } from '../../dsl/plan/types.ts';
import { createScheduler } from '../../workflows/scheduler/scheduler.ts';
import type { Command } from '../../workflows/scheduler/messages.ts';
import { block, eventOf, ref, rules, skeleton, task, userFailure, type Answer } from '../workflows/scheduler/plan-kit.ts';

type Kind = 'task' | 'skip' | 'branch' | 'map' | 'loop';
interface Wish {
  readonly kind: Kind;
  readonly values: number[];
  readonly after: number[];
  /** Failures before success; more than the budget fails it. */ readonly failures: number;
}
type End = 'done' | 'failed' | 'blocked' | 'skipped';
const BUDGET = 2;

const wishes = fc
  .array(
    fc.record({
      kind: fc.constantFrom<Kind>('task', 'task', 'task', 'skip', 'branch', 'map', 'loop'),
      values: fc.array(fc.nat(1000), { maxLength: 3 }),
      after: fc.array(fc.nat(1000), { maxLength: 2 }),
      failures: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((list): Wish[] =>
    list.map((wish, i) => ({ ...wish, values: i === 0 ? [] : wish.values.map((v) => v % i), after: i === 0 ? [] : wish.after.map((v) => v % i) })),
  );

const id = (i: number): string => `s${i}`;
function nodeOf(wish: Wish, i: number): PlanNode {
  const input = Object.fromEntries(wish.values.map((v, k) => [`v${k}`, ref(id(v))]));
  const after = wish.after.length > 0 ? { after: wish.after.map(id) } : {};
  const inner = task('in', input);
  switch (wish.kind) {
    case 'task':
      return task(id(i), input, after);
    case 'skip':
      return { kind: 'branch', id: id(i), if: { $lit: false }, then: block([inner], ref('in')), ...after };
    case 'branch':
      return { kind: 'branch', id: id(i), if: { $lit: true }, then: block([inner], ref('in')), ...after };
    case 'map':
      return { kind: 'map', id: id(i), over: { $lit: [1, 2, 3] }, items: 'array', parallel: 2, depth: 0, body: block([inner], ref('in')), ...after };
    case 'loop':
      return { kind: 'loop', id: id(i), start: {}, depth: 0, max: 2, onMax: 'stop', until: { $lit: false }, body: block([inner], ref('in')), ...after };
  }
}

/** What each step must end as, by the words of the design, with no cleverness. */
function model(list: readonly Wish[]): End[] {
  const ends: End[] = [];
  for (const wish of list) {
    const bad = (i: number): boolean => ends[i] === 'failed' || ends[i] === 'blocked';
    const skippedInput = wish.values.some((v) => ends[v] === 'skipped');
    if (wish.after.some(bad)) ends.push('blocked');
    else if (wish.kind === 'skip') ends.push('skipped');
    else if (wish.values.some(bad)) ends.push('blocked');
    else if (skippedInput) ends.push(wish.kind === 'map' ? 'done' : 'skipped'); // items that were skipped are null in the list
    else ends.push(wish.failures > BUDGET ? 'failed' : 'done');
  }
  return ends;
}

/** A composite whose inner step is blocked or skipped ends so, or as failed, itself: compared by what followers see. */
const seen = (end: string | undefined): string => (end === 'blocked' ? 'failed' : (end ?? 'never'));

it('every step ends as the model says, starts only after what it needs, and never more often than its budget', () => {
  fc.assert(
    fc.property(wishes, fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 10 }), (list, order, maxInFlight) => {
      const plan = skeleton(list.map(nodeOf), null, { tasks: { 't@1': rules({ classes: { user: BUDGET } }) } });
      const core = createScheduler({ skeleton: plan, params: {}, partition: null, maxInFlight });
      const tries = new Map<string, number>();
      const open: Command[] = [];
      let turn = 0;
      const take = (fresh: Command[]): void => {
        for (const command of fresh) {
          if (!('step' in command)) continue;
          const index = Number(/^s(\d+)/.exec(command.step)?.[1]);
          for (const need of [...(list[index] as Wish).values, ...(list[index] as Wish).after])
            expect(['done', 'failed', 'blocked', 'skipped']).toContain(core.step(id(need))?.status);
          tries.set(command.step, (tries.get(command.step) ?? 0) + 1);
          open.push(command);
        }
        expect(core.openCommands).toBeLessThanOrEqual(maxInFlight);
      };
      take(core.start());
      while (open.length > 0) {
        const [command] = open.splice((order[turn++ % order.length] as number) % open.length, 1) as [Command & { step: string }];
        const wish = list[Number(/^s(\d+)/.exec(command.step)?.[1])] as Wish;
        const answer: Exclude<Answer, 'hang'> = (tries.get(command.step) as number) <= wish.failures ? { failure: userFailure() } : { output: 1 };
        take(core.turn([eventOf(command, answer)]));
      }
      const expected = model(list);
      expect(core.finished).toBe(true);
      list.forEach((_, i) => {
        expect(`${id(i)} ${seen(core.step(id(i))?.status)}`).toBe(`${id(i)} ${seen(expected[i])}`);
      });
      for (const count of tries.values()) expect(count).toBeLessThanOrEqual(BUDGET + 1);
      expect(core.final.status).toBe(expected.includes('failed') ? 'failed' : 'done');
      expect(Object.values(core.counts).reduce((a, b) => a + b, 0)).toBe([...core.steps()].length);
    }),
    { numRuns: 400 },
  );
});

it('a cancel at any moment starts nothing more, and the run ends when what was open has ended', () => {
  fc.assert(
    fc.property(wishes, fc.nat(40), (list, at) => {
      const core = createScheduler({ skeleton: skeleton(list.map(nodeOf), null, { always: block([task('clean')]) }), params: {}, partition: null });
      const open = core.start() as (Command & { step: string })[];
      for (let turn = 0; turn < at && open.length > 0 && core.status === 'running'; turn++) {
        const command = open.shift() as Command & { step: string };
        open.push(...(core.turn([{ type: 'done', step: command.step, output: 1 }]) as (Command & { step: string })[]));
      }
      if (core.status !== 'running') return;
      const onCancel = core.turn([{ type: 'cancel' }]);
      const rest = [...onCancel];
      for (const command of open) rest.push(...core.turn([{ type: 'cancelled', step: command.step }]));
      expect(rest.map((command) => 'step' in command && command.step)).toEqual(['always.clean']);
      core.turn([{ type: 'done', step: 'always.clean', output: null }]);
      expect(core.finished).toBe(true);
      expect(core.final.status).toBe('cancelled');
      for (const state of core.steps()) expect(['pending', 'queued', 'running', 'waiting', 'retrying']).not.toContain(state.status);
    }),
    { numRuns: 300 },
  );
});

it('a 5,000-step irregular DAG is scheduled in well under a second', () => {
  const list: PlanNode[] = [];
  for (let i = 0; i < 5000; i++) {
    const needs = i === 0 ? [] : [Math.floor(i / 2), Math.max(0, i - 1 - ((i * 7919) % 50)), (i * 104729) % i];
    list.push(task(id(i), Object.fromEntries(needs.map((n, k) => [`v${k}`, ref(id(n))]))));
  }
  const core = createScheduler({ skeleton: skeleton(list), params: {}, partition: null });
  const started = performance.now();
  const open = core.start();
  let done = 0;
  while (open.length > 0) {
    const command = open.shift() as Command & { step: string };
    done++;
    for (const fresh of core.turn([{ type: 'done', step: command.step, output: 1 }])) open.push(fresh);
  }
  expect(done).toBe(5000);
  expect(core.final.status).toBe('done');
  // Quadratic work took over 10 s here; the bound only tells the two apart.
  expect(performance.now() - started).toBeLessThan(3000);
});
