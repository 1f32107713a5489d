/**
 * What a workflow hands to the one that continues it: results, pins, open waits, events kept, the number of the next record
 * page. Results above 1 MiB stay in the catalog, where the record put them, and are loaded from there. Sandbox.
 */
import type { Block, Json } from '../../dsl/plan/types.ts';
import type { LiveState, StepStatus } from '../../dsl/contract/run.ts';
import { addRoots } from '../../dsl/plan/free-roots.ts';
import { freeRefsOf } from '../scheduler/free-refs.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import type { PinValue, Restarts, SchedulerOptions, Settled, StepState } from '../scheduler/messages.ts';
import type { OpenChild } from './children.ts';
import { ancestors, isContainer } from './container-times.ts';
import type { Driver } from './driver.ts';
import { countsOf, isOver } from './live-state.ts';
import type { OpenWait } from './waits.ts';

const CARRY_BYTES = 1024 * 1024;

export interface Carry {
  /** By step path; without those of `done`. */
  readonly settled: Readonly<Record<string, Settled>>;
  /** Outputs of steps that are done, where there is nothing more to say: a large run has thousands. Older interpreters have them above. */
  readonly done?: Readonly<Record<string, Json>>;
  readonly pins: Readonly<Record<string, PinValue>>;
  readonly waits: readonly OpenWait[];
  readonly events: readonly (readonly [string, Json])[];
  /** These three are left out by older interpreters. */
  readonly children?: readonly OpenChild[];
  readonly restarts?: Readonly<Record<string, Restarts>>;
  /** Attempts so far of steps that were started again. */
  readonly attempts?: Readonly<Record<string, number>>;
  readonly paused: boolean;
  readonly nextPage: number;
  /** Of steps that are in the record alone. */
  readonly hidden: LiveState['counts'];
  /** Outputs are left out: load them from the catalog. */
  readonly fromCatalog: boolean;
  /** Outputs that nothing in this plan needs any more are null: no newer plan can take over. */
  readonly pruned: boolean;
}

export interface CarryOptions {
  readonly nextPage: number;
  /** What this workflow was told of the steps in the record alone, and whether outputs had been left out. */
  readonly hidden: LiveState['counts'];
  readonly pruned: boolean;
  /** What this workflow's core began with. */
  readonly seeds: ReadonlyMap<string, Settled>;
}

/** What the core of the next workflow begins with, beside the seeds. */
export const beforeOf = ({ pins, children = [], restarts = {} }: Carry): Pick<SchedulerOptions, 'pins' | 'underway' | 'restarts'> => ({
  pins,
  underway: new Set(children.map(({ step }) => step)),
  restarts,
});

/** null when it is too large: only a chunk can say so, whose items the catalog does not give back. */
export function carryOf(driver: Driver, { nextPage, hidden, pruned, seeds }: CarryOptions): Carry | null {
  const kept = keptStates(driver);
  const counts: { [S in StepStatus]?: number } = {};
  for (const [status, count] of Object.entries(countsOf(driver, hidden))) counts[status as StepStatus] = count; // keys of a table by status
  // What the next workflow meets again it counts itself.
  for (const state of driver.core.steps()) if (kept.has(state.step) || !isOver(state.status) || state.status === 'blocked') lower(counts, state.status);
  const unmet = unmetOf(driver, kept, seeds);
  const settled = settledOf(driver, kept, unmet, () => true);
  const { restarts } = driver.core;
  const whole = {
    pins: driver.core.pins,
    waits: driver.waits.carried,
    events: driver.waits.unheard,
    children: driver.children.carried,
    restarts,
    attempts: Object.fromEntries(Object.keys(restarts).map((step) => [step, driver.journal.attempts(step)])),
    paused: driver.isPaused,
    nextPage,
    hidden: counts,
  };
  const room = CARRY_BYTES - Math.min(CARRY_BYTES / 2, roughBytes(whole.pins as unknown as Json)); // handles are plain JSON
  if (settled.bytes <= room) return { ...whole, ...packed(settled.steps), fromCatalog: false, pruned };
  if (driver.context.role === 'chunk') return null;
  const needed = neededOf(driver);
  const less = settledOf(driver, kept, unmet, (step) => needed.has(step));
  if (less.bytes <= room) return { ...whole, ...packed(less.steps), fromCatalog: false, pruned: true };
  const failed = settledOf(driver, new Map([...kept].filter(([, state]) => state.status !== 'done')), new Map(), () => false);
  // All of it is met again.
  return { ...whole, hidden: {}, settled: failed.steps, fromCatalog: true, pruned };
}

function packed(steps: Readonly<Record<string, Settled>>): Pick<Carry, 'settled' | 'done'> {
  const settled: Record<string, Settled> = {};
  const done: Record<string, Json> = {};
  for (const [step, one] of Object.entries(steps))
    if (one.status === 'done' && !one.items) done[step] = one.output;
    else settled[step] = one;
  return { settled, done };
}

/** What had settled, by step path. */
export function settledIn({ settled, done = {} }: Carry): ReadonlyMap<string, Settled> {
  return new Map([...Object.entries(settled), ...Object.entries(done).map(([step, output]): [string, Settled] => [step, { status: 'done', output }])]);
}

/** Steps that the core must be told of: all that have settled, less what lies inside of a finished map, branch or loop. */
function keptStates(driver: Driver): Map<string, StepState> {
  const top = topLevel(driver);
  const closed = new Set<string>();
  for (const state of driver.core.steps()) if (isContainer(state.kind) && CLOSED.has(state.status)) closed.add(state.step);
  const kept = new Map<string, StepState>();
  for (const state of driver.core.steps()) {
    if (!CLOSED.has(state.status)) continue;
    if (!top.has(state.step) && insideOf(state.step, closed)) continue;
    kept.set(state.step, state);
  }
  return kept;
}

const CLOSED: ReadonlySet<StepStatus> = new Set<StepStatus>(['done', 'skipped', 'failed']);

function insideOf(step: string, closed: ReadonlySet<string>): boolean {
  if (closed.size === 0) return false;
  for (const path of ancestors(step)) if (closed.has(path)) return true;
  return false;
}

/** Seeds that this core has not come to, for want of room: the next one needs them as much. */
function unmetOf(driver: Driver, kept: ReadonlyMap<string, StepState>, seeds: ReadonlyMap<string, Settled>): ReadonlyMap<string, Settled> {
  const closed = new Set([...kept.values()].filter(({ kind }) => isContainer(kind)).map(({ step }) => step));
  return new Map([...seeds].filter(([step]) => !driver.core.step(step) && !insideOf(step, closed)));
}

function settledOf(
  driver: Driver,
  kept: ReadonlyMap<string, StepState>,
  unmet: ReadonlyMap<string, Settled>,
  needs: (step: string) => boolean,
): { steps: Record<string, Settled>; bytes: number } {
  const top = topLevel(driver);
  const steps: Record<string, Settled> = Object.fromEntries(unmet);
  let bytes = 0;
  for (const [step, seed] of unmet) bytes += step.length + 30 + (seed.status === 'done' ? roughBytes(seed.output) : 300);
  for (const [step, state] of kept) {
    const whole = state.kind === 'chunk' ? chunkOf(driver, state) : driver.core.settled(step);
    if (!whole) continue;
    const settled: Settled = whole.status !== 'done' || needs(step) || !top.has(step) ? whole : { status: 'done', output: null };
    bytes += step.length + 30 + (settled.status === 'done' ? roughBytes(settled.output) + 8 * (settled.items?.gaps.length ?? 0) : 300);
    if (settled.status === 'failed') bytes += 300 * (settled.causes?.length ?? 0);
    steps[step] = settled;
  }
  return { steps, bytes };
}

/** Of a page of a list map: the core does not know its results. */
function chunkOf(driver: Driver, state: StepState): Settled | undefined {
  if (state.status === 'failed') return state.failure ? { status: 'failed', failure: state.failure } : undefined;
  return { status: 'done', output: (driver.chunkResults.get(state.step) ?? null) as Json }; // results are plain JSON
}

const topLevel = (driver: Driver): ReadonlySet<string> => new Set(driver.context.skeleton.body.nodes.map((node) => node.id));

/** Top-level steps whose output something that has not settled needs. */
function neededOf(driver: Driver): Set<string> {
  const { body, always } = driver.context.skeleton;
  const needed = new Set<string>();
  const add = (block: Block, all: boolean): void => {
    addRoots(block.output, needed);
    for (const node of block.nodes) {
      const status = driver.core.step(node.id)?.status ?? 'pending';
      if (all || !isOver(status) || (node.kind === 'map' && node.fuse !== undefined)) for (const root of freeRefsOf(node)) needed.add(root);
    }
  };
  add(body, false);
  if (always) add(always, true);
  return needed;
}

function lower(counts: { [S in StepStatus]?: number }, status: StepStatus): void {
  const now = (counts[status] ?? 0) - 1;
  if (now <= 0) delete counts[status];
  else counts[status] = now;
}
