/**
 * The plan of a backfill: decisions for the target's cells and, if wanted, for all cells upstream that these need; in pages, in
 * the order in which they can run. Pure: the state is given, so that the same state gives the same plan.
 */
import { formatKey, parseKey, type Key } from '../calendar/partition-scope.ts';
import type { PlannedCell, PlannedPage } from '../dsl/contract/backfill.ts';
import type { PipelineFacts } from './pipeline-facts.ts';
import { CellPlanner, type Decision, type KeptSince, type Rules, type RunsOf, type World } from './plan-cells.ts';

export interface Project {
  /** Of the plan set; the target among them. */
  readonly pipelines: ReadonlyMap<string, PipelineFacts>;
  readonly world: World;
  readonly runs: ReadonlyMap<string, RunsOf>;
  readonly tooOld: ReadonlyMap<string, KeptSince>;
}
export interface Wish {
  readonly target: string;
  /** Of the target, in the order of time. */
  readonly keys: readonly Key[];
  readonly rules: Rules;
  readonly withUpstream: boolean;
}
export interface PlannedPipeline {
  readonly facts: PipelineFacts;
  readonly decisions: readonly Decision[];
  readonly keys: readonly Key[];
  readonly planner: CellPlanner;
}

/** Upstream first; the target last. */
export function planPipelines(project: Project, wish: Wish): PlannedPipeline[] {
  const needed = neededKeys(project, wish);
  const rebuilding = new Map<string, { pipeline: string; keys: Set<string> }>();
  return [...needed].toReversed().map(([name, keys]) => {
    const facts = project.pipelines.get(name);
    if (!facts) throw new Error(`no facts of ${name}`); // neededKeys took them from there
    const isTarget = name === wish.target;
    const runs = project.runs.get(name);
    const tooOld = project.tooOld.get(name);
    const planner = new CellPlanner({
      facts,
      world: project.world,
      // what is upstream is rebuilt only where it has to be
      rules: isTarget ? wish.rules : { force: false, codeDrift: wish.rules.codeDrift, only: null },
      rebuilding,
      range: rangeOf(facts, keys),
      ...(runs && { runs }),
      ...(tooOld && { tooOld }),
    });
    // of a pipeline that reads its own earlier partitions, those that come first are known before the next is decided
    for (const { dataset } of facts.outputs) if (!rebuilding.has(dataset.name)) rebuilding.set(dataset.name, { pipeline: name, keys: new Set() });
    const decisions = keys.map((key) => {
      const decision = planner.decide(key);
      if (decision.do) for (const { dataset } of facts.outputs) rebuilding.get(dataset.name)?.keys.add(formatKey(dataset.partitions, key));
      return decision;
    });
    return { facts, decisions, keys, planner };
  });
}

/** Pipeline -> keys, the target first, each before what is upstream of it. */
function neededKeys({ pipelines }: Project, wish: Wish): Map<string, readonly Key[]> {
  const target = pipelines.get(wish.target);
  if (!target) throw new Error(`no facts of ${wish.target}`);
  if (!wish.withUpstream) return new Map([[wish.target, wish.keys]]);
  const makers = new Map([...pipelines.values()].flatMap((facts) => facts.outputs.map(({ dataset }) => [dataset.name, facts] as const)));
  const order = downwards(target, makers);
  const needed = new Map<string, Map<string, Key>>(order.map((facts) => [facts.pipeline, new Map()]));
  for (const key of wish.keys) needed.get(wish.target)?.set(formatKey(target.dimensions, key), key);
  for (const facts of order) {
    const own = [...(needed.get(facts.pipeline)?.values() ?? [])];
    const planner = new CellPlanner({
      facts,
      world: { tables: new Map(), digests: new Map(), reads: new Map() },
      rules: { force: false, codeDrift: false, only: null },
      range: rangeOf(facts, own),
    });
    for (const key of own)
      for (const one of planner.upstream(key)) {
        const maker = makers.get(one.dataset);
        if (maker && maker !== facts) needed.get(maker.pipeline)?.set(one.key, parseKey(maker.dimensions, one.key));
      }
  }
  return new Map([...needed].map(([name, keys]) => [name, name === wish.target ? wish.keys : inOrder(keys)]));
}

/** The earliest and the latest, for pipelines of one dimension. Where a clock goes back two keys may change places: no harm, a range is wider. */
function rangeOf({ dimensions }: PipelineFacts, keys: readonly Key[]): { readonly first: string; readonly last: string } | null {
  const [name, ...more] = Object.keys(dimensions);
  if (name === undefined || more.length > 0 || keys.length === 0) return null;
  let [first, last] = [keys[0]?.[name] ?? '', ''];
  for (const key of keys) {
    const text = key[name] ?? '';
    if (text < first) first = text;
    if (text > last) last = text;
  }
  return { first, last };
}

/** Keys of time sort as their texts do. */
const inOrder = (keys: ReadonlyMap<string, Key>): Key[] => [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);

/** The target, then what is upstream, each after all that read from it. */
function downwards(target: PipelineFacts, makers: ReadonlyMap<string, PipelineFacts>): PipelineFacts[] {
  const done: PipelineFacts[] = [];
  const open = new Set<PipelineFacts>();
  const visit = (facts: PipelineFacts): void => {
    if (done.includes(facts) || open.has(facts)) return;
    open.add(facts);
    for (const { dataset } of facts.edges) {
      const maker = makers.get(dataset.name);
      if (maker && maker !== facts) visit(maker);
    }
    open.delete(facts);
    done.push(facts);
  };
  visit(target);
  return done.toReversed();
}

export interface PageRules {
  readonly order: 'newest' | 'oldest';
  /** Of a pipeline of the plan set. */
  readonly planHash: (pipeline: string) => string;
  /** Cells of a page at most. */
  readonly pageCells: (pipeline: string) => number;
}

/** In the order in which they may start: upstream first; within a pipeline by time, newest or oldest first. */
export function pagesOf(planned: readonly PlannedPipeline[], rules: PageRules): PlannedPage[] {
  const pages: PlannedPage[] = [];
  /** dataset and key -> cell and page that make it. */
  const made = new Map<string, { readonly cell: number; readonly page: number }>();
  let next = 0;
  for (const { facts, decisions, keys, planner } of planned) {
    const chosen = decisions.flatMap((decision, i) => (decision.do ? [{ decision, reason: decision.do, key: keys[i] ?? {} }] : []));
    const reads = facts.edges.some(({ dataset }) => facts.outputs.some((output) => output.dataset.name === dataset.name));
    if (rules.order === 'newest' && !reads) chosen.reverse(); // one that reads its own earlier partitions can only go forward
    const pageCells = rules.pageCells(facts.pipeline);
    for (let first = 0; first < chosen.length; first += pageCells) {
      const page = pages.length;
      const after = new Set<number>();
      const cells: PlannedCell[] = [];
      for (const { decision, reason, key } of chosen.slice(first, first + pageCells)) {
        const cell = next++;
        const needs = new Set<number>();
        if (made.size > 0)
          for (const one of planner.upstream(key)) {
            const maker = made.get(`${one.dataset} ${one.key}`);
            if (!maker) continue;
            needs.add(maker.cell);
            if (maker.page !== page) after.add(maker.page);
          }
        for (const { dataset } of facts.outputs) made.set(`${dataset.name} ${formatKey(dataset.partitions, key)}`, { cell, page });
        cells.push({ cell, key: decision.key, reason, needs: [...needs] });
      }
      pages.push({ page, pipeline: facts.pipeline, planHash: rules.planHash(facts.pipeline), after: [...after], cells });
    }
  }
  return pages;
}
