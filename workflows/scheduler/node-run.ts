/**
 * The run-time side of the plan's tree: a scope is a block that runs, a node run is a node in it. Plain records that the
 * scheduler works on; pure, runs in the sandbox.
 */
import type { Block, Json, MapNode, PlanNode } from '../../dsl/plan/types.ts';
import type { ItemListHandle, StepFailure } from '../../dsl/contract/step.ts';
import type { Cause, Settled, StepState } from './messages.ts';

export interface Scope {
  readonly parent: Scope | null;
  /** The map, branch or loop node that this block belongs to; null for the run's body and its `always`. */
  readonly owner: NodeRun | null;
  /** Prefix of step paths, '' or ending in '.'. */
  readonly prefix: string;
  readonly locals: Readonly<Record<string, Json>> | null;
  readonly block: Block;
  readonly runs: NodeRun[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Nodes not yet settled. */
  open: number;
  /** Index of the item or number of the round, for the owner. */
  readonly position: number;
}

export interface NodeRun {
  readonly node: PlanNode;
  readonly scope: Scope;
  readonly state: StepState;
  /** Dependencies not yet settled. */
  waiting: number;
  /** Empty again once it has settled. */
  dependents: readonly NodeRun[];
  settled: Settled | null;
  /** Leaf failures behind a failed node. */
  causes: readonly Cause[];
  /** Set while a command is open. */
  open: boolean;
  /** Pins were asked for on behalf of this step alone: a missing one now fails it. */
  askedPins: boolean;
  /** Restarts by the scheduler, by class. */
  restarts: { [failureClass: string]: number } | null;
  map: MapRun | null;
}

/** Running state of a map node. */
export interface MapRun {
  readonly node: MapNode;
  /** Items of an array map, filled as they come for a fused one. */
  items: Json[];
  /** Number of items, null while a fused one does not know yet. */
  count: number | null;
  results: (Settled | undefined)[];
  readonly keys: Set<string>;
  /** Indexes of items that may start, and how far they were taken. */
  startable: number[];
  taken: number;
  running: number;
  settledItems: number;
  failed: number;
  causes: Cause[];
  /** Too many failures: nothing new starts. */
  stopping: boolean;
  /** Maps fused behind this one that have begun. */
  readonly followers: NodeRun[];
  list: ListRun | null;
}

/** Running state of a map over an item list: pages go to chunks. */
export interface ListRun {
  readonly handle: ItemListHandle;
  readonly pages: number;
  nextPage: number;
  /** Pages that were started out of their order: they were under way before. */
  readonly started: Set<number>;
  running: number;
  /** Result pages of each map of the chain (this one and those fused behind it). */
  readonly chain: readonly NodeRun[];
  readonly results: ({ uri: string; count: number } | undefined)[][];
  readonly failed: number[];
  readonly firstFailure: (StepFailure | null)[];
  joining: number;
}
