/**
 * Two paths must agree: a run whose outputs all travel inline, and one whose outputs all lie in the store, with only the
 * plan's `keep` paths beside them. A path that keep forgot would change a condition, a text or a map here.
 */
import { expect, it } from 'vitest';
import fc from 'fast-check';
import { gte, loop, map, pluck, text, when, z, type Ref, type RefTo } from 'heddle';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { Json, Skeleton } from '../../dsl/plan/types.ts';
import { createScheduler } from '../../workflows/scheduler/scheduler.ts';
import type { Command, SchedulerEvent } from '../../workflows/scheduler/messages.ts';
import { inPipeline, planOf } from './draft.ts';
import { add, grid, one, say } from './tasks.ts';

interface Statement {
  readonly kind: number;
  readonly pick: number;
  readonly level: number;
}
type Sum = { sum: number };

/** A body out of random statements over the values made so far. */
function bodyOf(statements: readonly Statement[]): () => unknown {
  return () => {
    let made = 0;
    const id = (name: string) => ({ id: `${name}${made++}` });
    const first = one({}, id('one'));
    const nums: RefTo<number>[] = [first.n];
    const maybes: Ref<string | null>[] = [first.maybe];
    const sums: Ref<Sum>[] = [add({ a: 1 }, id('add'))];
    const lists: Ref<Sum[]>[] = [];
    const plain: Ref<number[]>[] = [grid({}, id('grid')).rates];
    for (const { kind, pick, level } of statements) {
      const of = <T>(all: readonly T[]): T => all[pick % all.length] as T;
      if (kind === 0) {
        const more = one({}, id('one'));
        nums.push(more.n);
        maybes.push(more.maybe);
      } else if (kind === 1) sums.push(add({ a: of(nums), b: of(sums).sum }, id('add')));
      else if (kind === 2) {
        const made = grid({}, id('grid'));
        plain.push(made.rates);
        sums.push(add({ a: pluck(made.rows, 'id').length }, id('rows')));
      } else if (kind === 3) lists.push(map(of(plain), (a) => add({ a, b: of(nums) }, id('item')), id('map')));
      else if (kind === 4 && lists.length > 0) {
        lists.push(map(of(lists), (x) => when(gte(x.sum, level), () => add({ a: x.sum }, id('big')), id('if')).orElse({ sum: 0 }), id('fused')));
      } else if (kind === 5) {
        sums.push(
          when(gte(of(sums).sum, level), () => ({ sum: add({ a: of(nums) }, id('then')).sum }), id('when')).otherwise(() => add({ a: -1 }, id('else'))),
        );
      } else if (kind === 6) say({ text: text`${of(nums)} ${of(maybes).orElse('-')} ${of(sums).sum}` }, id('say'));
      else if (kind === 7) {
        const state = loop(z.object({ sum: z.number() }), { sum: of(nums) }, (s) => add({ a: s.sum, b: 1 }, id('round')), {
          max: 3,
          onMax: 'stop',
          until: (s) => gte(s.sum, level),
          ...id('loop'),
        });
        sums.push(state);
      } else if (kind === 8 && lists.length > 0) plain.push(pluck(of(lists), 'sum'));
      else if (kind === 9 && lists.length > 0)
        sums.push(
          of(lists)
            .nth(pick % 3)
            .orElse({ sum: level }),
        );
      nums.push(...sums.slice(-1).map(({ sum }) => sum));
    }
    return { nums, sums, lists, maybes: maybes.map((maybe) => maybe.orElse('?')) };
  };
}

const hash = (value: Json): number =>
  canonicalJson(value)
    .split('')
    .reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) | 0, 7);
/** Outputs that follow from task and input alone. */
function perform(task: string, input: Json): Json {
  const seed = hash(input);
  const given = input as { readonly a?: number; readonly b?: number };
  if (task === 'one@1') return { n: 2, name: 'x', maybe: seed % 2 === 0 ? null : 'yes', flag: true };
  if (task === 'add@1') return { sum: ((given.a ?? 0) + (given.b ?? 1)) % 7 };
  if (task === 'grid@1')
    return {
      rates: [1, 2, 3],
      rows: [
        { id: 'a', cells: [] },
        { id: 'b', cells: [] },
      ],
    };
  return null;
}

/** What a worker does with an input: loads what lies in the store. */
function load(value: Json, store: ReadonlyMap<string, Json>): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => load(item as Json, store));
  const object = value as { readonly [key: string]: Json };
  if ('$stored' in object) return store.get((object['$stored'] as { uri: string }).uri) ?? null;
  if ('$storedPath' in object) {
    const { stored, path } = object['$storedPath'] as unknown as { stored: Json; path: readonly string[] };
    return at(load(stored, store), path);
  }
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, load(item, store)]));
}
function at(value: Json, path: readonly string[]): Json {
  let found: Json | undefined = value;
  for (const key of path) {
    if (found === null || typeof found !== 'object') return null;
    found = Array.isArray(found) ? (key === 'length' ? found.length : (found[Number(key)] as Json)) : (found as { [key: string]: Json })[key];
    if (found === undefined) return null;
  }
  return found;
}

function runPlan(skeleton: Skeleton, stored: boolean): Json {
  const store = new Map<string, Json>();
  const done: Record<string, Json> = {};
  const core = createScheduler({ skeleton, params: {}, partition: null });
  const answer = (command: Command): SchedulerEvent => {
    if (command.type !== 'task') throw new Error(`unexpected ${command.type}`);
    const input = load(command.input, store);
    done[command.step] = input;
    const output = perform(command.task, input);
    if (!stored) return { type: 'done', step: command.step, output };
    store.set(command.step, output);
    const kept = Object.fromEntries((command.keep ?? []).map((path) => [path.join('.'), at(output, path)]));
    return { type: 'done', step: command.step, output: { $stored: { uri: command.step, digest: '', bytes: 0 }, ...(command.keep && { kept }) } };
  };
  for (let commands = core.start(); commands.length > 0;) commands = core.turn(commands.map(answer));
  return { status: core.status, done, output: load(core.final.output, store), failures: core.final.failures as unknown as Json };
}

const statement = fc.record({ kind: fc.nat(9), pick: fc.nat(20), level: fc.integer({ min: -1, max: 5 }) });

it('a run with all outputs in the store takes the same steps with the same inputs as one inline', () => {
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 12 }), (statements) => {
      const { skeleton } = planOf(inPipeline(bodyOf(statements)));
      const inline = runPlan(skeleton, false);
      expect((inline as { status: string }).status).toBe('done');
      expect(runPlan(skeleton, true)).toEqual(inline);
    }),
    { numRuns: 300 },
  );
});
