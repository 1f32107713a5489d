/**
 * What goes into the scheduler core and what comes out. Pure types: shared by the Temporal interpreter, the testing kit and
 * the simulator. Runs in the sandbox; imports dsl only.
 */
import type { GateNode, Json, JsonObject, MapNode, Skeleton, TaskRules, WaitNode } from '../../dsl/plan/types.ts';
import type { PinRequest } from '../../dsl/contract/control.ts';
import type { ModelHandle, SliceHandle, StepFailure, ItemListHandle } from '../../dsl/contract/step.ts';
import type { PartitionScope, RunFinal, RunOutcome, StepStatus } from '../../dsl/contract/run.ts';

export interface SchedulerOptions {
  readonly skeleton: Skeleton;
  readonly params: Json;
  readonly partition: PartitionScope | null;
  /** Settled results from before (retry, continue-as-new), by step path: such a step settles without a command. */
  readonly seed?: (step: string) => Settled | undefined;
  /** Pins made before, by canonical JSON of the request. */
  readonly pins?: Readonly<Record<string, PinValue>>;
  /** Steps that were started before and still run: their commands come at once, whatever room there is, paused or not. */
  readonly underway?: ReadonlySet<string>;
  /** Of steps that are not settled: how often the scheduler has started them again, by failure class. */
  readonly restarts?: Readonly<Record<string, Restarts>>;
  /** Values of roots outside of the skeleton: what a chunk of a map captured. */
  readonly roots?: Readonly<Record<string, Json>>;
  /** Prefix of all step paths, and the global index of a chunk's first item. */
  readonly pathPrefix?: string;
  readonly indexOffset?: number;
  /** Commands outstanding at once; default 100. */
  readonly maxInFlight?: number;
  /** Commands in one turn; default 50. */
  readonly maxPerTurn?: number;
  /** Bytes of input in one turn; default 2 MiB. */
  readonly maxBytesPerTurn?: number;
}

export type PinValue = SliceHandle | ModelHandle | null | { readonly missing: string };

export type Settled =
  | { readonly status: 'done'; readonly output: Json; readonly items?: MapItems }
  | { readonly status: 'skipped' }
  | { readonly status: 'failed'; readonly failure: StepFailure; readonly causes?: readonly Cause[]; readonly items?: MapItems };

/** What the list of a map's outputs does not say. */
export interface MapItems {
  /** Indexes of items that are null there because they failed or were skipped; another null is what the body gave. */
  readonly gaps: readonly number[];
  readonly failed: number;
  readonly first: StepFailure | null;
}
/** A failed leaf behind a failed node. */
export interface Cause {
  readonly step: string;
  readonly failure: StepFailure;
}
export type Restarts = Readonly<Record<string, number>>;

/** Each `step` is unique in the run; the driver answers each command with exactly one settling event (or says cancelled). */
export type Command =
  | {
      readonly type: 'task';
      readonly step: string;
      readonly task: string;
      readonly rules: TaskRules;
      readonly input: Json;
      readonly into?: JsonObject;
      readonly keep?: readonly (readonly string[])[];
      /** 1, 2...: times that the scheduler itself has started it. */ readonly round: number;
      /** Wait before the start. */ readonly delayMs: number;
    }
  | { readonly type: 'pin'; readonly id: number; readonly pins: readonly PinRequest[] }
  | { readonly type: 'gate'; readonly step: string; readonly node: GateNode; readonly ask: string; readonly show: Json }
  | {
      readonly type: 'wait';
      readonly step: string;
      readonly node: WaitNode;
      readonly on:
        | { readonly kind: 'slice'; readonly request: PinRequest }
        | { readonly kind: 'path'; readonly uri: string }
        | { readonly kind: 'event'; readonly event: string };
    }
  | {
      readonly type: 'pipeline';
      readonly step: string;
      readonly pipeline: string;
      readonly planHash: string;
      readonly mode: 'call' | 'start';
      readonly params: Json;
      readonly partition: JsonObject | null;
    }
  | {
      readonly type: 'workflow';
      readonly step: string;
      readonly workflowType: string;
      readonly queue: string;
      readonly input: Json;
      readonly timeoutMs: number | null;
    }
  /** One page of a map over an item list, with the maps fused behind it; answered by `chunk-done`. */
  | {
      readonly type: 'chunk';
      readonly step: string;
      readonly maps: readonly MapNode[];
      readonly list: ItemListHandle;
      readonly page: number;
      readonly firstIndex: number;
      readonly parallel: number;
      readonly roots: Readonly<Record<string, Json>>;
    }
  /** Joins the result pages of a list map; answered by `done` with an ItemListHandle. */
  | { readonly type: 'join'; readonly step: string; readonly task: string | null; readonly pages: readonly { readonly uri: string; readonly count: number }[] };

export type SchedulerEvent =
  | { readonly type: 'done'; readonly step: string; readonly output: Json }
  | { readonly type: 'failed'; readonly step: string; readonly failure: StepFailure }
  | { readonly type: 'cancelled'; readonly step: string }
  | { readonly type: 'pinned'; readonly id: number; readonly pins: readonly PinValue[] }
  /** The control activity behind a pin could not be done at all. */
  | { readonly type: 'pin-failed'; readonly id: number; readonly failure: StepFailure }
  /** A gate or wait got its answer ('done' does the same), or its time ran out. */
  | { readonly type: 'expired'; readonly step: string }
  | {
      readonly type: 'chunk-done';
      readonly step: string;
      /** One a map of the chunk. */ readonly results: readonly {
        readonly uri: string;
        readonly count: number;
        readonly failed: number;
        readonly firstFailure: StepFailure | null;
      }[];
    }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Starts nothing new; what is open settles by 'cancelled'. Then `always` runs. */
  | { readonly type: 'cancel' }
  /** A command that the driver has not begun goes back: it comes again when the run goes on. */
  | { readonly type: 'put-back'; readonly step: string }
  /** The time of the `always` block is over: nothing of it starts any more, and the run ends when what is open has ended. */
  | { readonly type: 'always-over' };

/** State of a step as the core knows it. Times and attempts are the driver's. */
export interface StepState {
  readonly step: string;
  readonly kind: 'task' | 'map' | 'branch' | 'loop' | 'gate' | 'wait' | 'pipeline' | 'workflow' | 'chunk';
  readonly task: string | null;
  status: StepStatus;
  failure: StepFailure | null;
  output: Json;
  round: number;
}

/** The pure core: events in, commands out. O(V + E) over a run; nothing is scanned again per event. */
export interface SchedulerCore {
  /** First turn. */
  start(): Command[];
  /** Takes the events of one turn, gives the commands that they free. */
  turn(events: readonly SchedulerEvent[]): Command[];
  /** True when nothing is open and nothing will come: the run has ended (its `always` block too). */
  readonly finished: boolean;
  /** 'paused': nothing new starts (by a person, or by onFailure: 'pause'). */
  readonly status: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  readonly openCommands: number;
  /** Commands open that are work: all but gates and waits. */
  readonly busy: number;
  /** Steps that the run will have, as far as it is known by now. */
  readonly expected: number;
  /** Every step met so far, in the order of their first appearance. */
  steps(): Iterable<StepState>;
  step(path: string): StepState | undefined;
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  /** Failed steps that wait for a person (onFailure: 'pause'). */
  readonly holding: number;
  /** Of a map: how many of its items failed so far, and the first failure. */
  failedItems(step: string): { readonly failed: number; readonly first: StepFailure | null };
  /** Pins made so far, for continue-as-new. */
  readonly pins: Readonly<Record<string, PinValue>>;
  /** As a seed for a core that goes on; undefined while it has not settled, and for a chunk. */
  settled(step: string): Settled | undefined;
  /** Of steps that have not settled. */
  readonly restarts: Readonly<Record<string, Restarts>>;
  /** Forgets failed and blocked steps, so that they run again with what follows (resume after onFailure: 'pause'). */
  resumeFailed(skeleton?: Skeleton): Command[];
  /** Valid when finished. */
  readonly final: Omit<RunFinal, 'endedAt' | 'abandoned'>;
  readonly outcome: RunOutcome;
}
