/**
 * Control activities: what the interpreter asks of the server. Each is idempotent by (runId, its own key), runs on the
 * queue `controlQueueOf(project)`, has a start-to-close of 20 s (heddle.pin and heddle.watch beat instead) and is retried without end. Pure types.
 */
import type { Json, JsonObject, Skeleton } from '../plan/types.ts';
import type { ModelHandle, SliceHandle, StagedPartition } from './step.ts';
import type { RunFinal, RunInput, StepRecord } from './run.ts';

export interface ControlActivities {
  /** The skeleton of a stored plan. */
  'heddle.load_plan'(call: { planHash: string }): Promise<Skeleton>;
  /** Pins slices and models, once per run and key: the same answer for ever after. */
  'heddle.pin'(call: PinCall): Promise<PinResult>;
  /** Registers a wait or an approval, so that the server looks for it, lists it, and sends `satisfied` when it holds. */
  'heddle.watch'(call: WatchCall): Promise<WatchResult>;
  /** Prepares a called or started pipeline: catalog row, partition scope. Idempotent by (parent, step). */
  'heddle.prepare_child'(call: PrepareChildCall): Promise<RunInput>;
  /** Starts a prepared run for `.start` and gives its id. */
  'heddle.start_child'(call: PrepareChildCall): Promise<{ runId: string }>;
  /** Outputs of finished steps, for a retry; pages of at most 1 MiB. */
  'heddle.load_done'(call: { runId: string; cursor: number }): Promise<{ done: Record<string, Json>; next: number | null }>;
  /** Writes the exact history: steps in pages, then the end of the run. */
  'heddle.record'(call: RecordCall): Promise<void>;
  /** A number for each partition that an accepted attempt staged: the fencing token of its publish. The same staging gets the same. */
  'heddle.issue_generations'(call: GenerationsCall): Promise<{ generations: readonly number[] }>;
  /** Registry tasks, called as steps of pool 'heddle'. */
  'heddle.register_model'(call: ControlStepCall): Promise<{ output: Json }>;
  'heddle.promote_model'(call: ControlStepCall): Promise<{ output: Json }>;
  'heddle.notify'(call: ControlStepCall): Promise<{ output: Json }>;
}

export interface ControlStepCall {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly step: string;
  readonly input: Json;
}

export interface GenerationsCall {
  readonly project: string;
  readonly runId: string;
  readonly step: string;
  readonly staged: readonly StagedPartition[];
}

export interface PinCall {
  readonly project: string;
  readonly runId: string;
  readonly planHash: string;
  readonly pins: readonly PinRequest[];
}
export type PinRequest =
  | {
      readonly kind: 'slice';
      readonly dataset: string;
      readonly how: 'at' | 'window' | 'before' | 'where' | 'within';
      readonly key: JsonObject;
      readonly span?: string;
      readonly ifAny?: true;
    }
  | { readonly kind: 'model'; readonly name: string; readonly optional: boolean };
/** In the order of the request. null: an optional model that is not there, a slice `ifAny` of which no partition is. A missing partition or model is { missing }. */
export interface PinResult {
  readonly pins: readonly (SliceHandle | ModelHandle | null | { readonly missing: string })[];
}
/** Key of a pin in the run's memo. `canonical` = canonicalJson of the request. */

export interface WatchCall {
  readonly project: string;
  readonly runId: string;
  /** Workflow to send `satisfied` to. */
  readonly workflowId: string;
  readonly planHash: string;
  readonly step: string;
  readonly on:
    | { readonly kind: 'slice'; readonly request: PinRequest }
    | { readonly kind: 'path'; readonly uri: string }
    | { readonly kind: 'event'; readonly event: string }
    | { readonly kind: 'gate'; readonly ask: string; readonly show: Json; readonly from: readonly string[] };
  /** ms since the epoch. */
  readonly deadline: number;
}
export type WatchResult = { readonly state: 'satisfied'; readonly value: Json } | { readonly state: 'waiting'; readonly why: string };

export interface PrepareChildCall {
  readonly project: string;
  readonly parent: { readonly runId: string; readonly step: string; readonly pipeline: string };
  readonly pipeline: string;
  readonly planHash: string;
  readonly params: Json;
  /** { dimension: key } or null. */
  readonly partition: JsonObject | null;
}

export interface RecordCall {
  readonly project: string;
  readonly runId: string;
  /** Number of this page, unique within (runId, workflowId): the idempotency key. */
  readonly page: string;
  readonly steps: readonly StepRecord[];
  /** With the last page of the run's own workflow. */
  readonly final?: RunFinal;
}
