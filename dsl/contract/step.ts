/**
 * What the interpreter and a pool's worker say to each other about one step. Activity type = task name, activity id = step
 * path, task queue = `queueOf(project, pool, class)`. Pure; anybody may import this.
 */
import type { DatasetDef, ExpectDef, FailureClass, Json, JsonObject } from '../plan/types.ts';

/** Task queue of a pool's class. */
export const queueOf = (project: string, pool: string, klass: string, lane: Lane = 'live'): string =>
  `${project}/${pool}/${klass}${lane === 'live' ? '' : `/${lane}`}`;
/** Steps of backfills have queues of their own, so that they cannot stand in front of scheduled and manual runs. */
export type Lane = 'live' | 'backfill';
/** How long a step may wait in a worker for a slot before its own clock starts; then it goes back to its queue. */
export const GATE_MS = 10_000;
/** Task queue of the server: workflows and control activities. */
export const controlQueueOf = (project: string): string => `${project}/heddle`;

export interface StepCall {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly planHash: string;
  /** Step path, e.g. 'trials[0.01].train'. Idempotency key of its effects: `runId/step`. */
  readonly step: string;
  readonly task: string;
  readonly version: string;
  /** Resolved; may hold Stored objects, which the worker loads. */
  readonly input: Json;
  /** Key of the partition it publishes, { day: '2001-03-01' }. */
  readonly into?: JsonObject;
  /** Key of the run's partition, '2001-03-01'; left out or null without partitions. */
  readonly partition?: string | null;
  /** Charged attempts allowed in all; the worker counts (see workers/). */
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly heartbeatMs: number;
  readonly isolate?: boolean;
  /** Which retry of the run this belongs to; left out in its first try. */
  readonly retry?: number;
  /** Attempts that earlier rounds of this step had in this try; left out when there were none. Temporal counts each round from 1. */
  readonly earlier?: number;
  /** false: results of other runs are not to be used. */
  readonly cache?: false;
  /** Left out: live. */
  readonly lane?: 'backfill';
  /** See NodeBase.keep. Left out: the interpreter reads nothing. */
  readonly keep?: readonly (readonly string[])[];
  /** The same step of several runs of a backfill, this call's first among them: one attempt for all. */
  readonly batch?: readonly StepCall[];
}

/**
 * A call as it stands in the history: without what the worker knows from the activity itself (type, time-outs) and from its own
 * configuration. A call of thousands is so a third as long. `planHash` is there where the step publishes: a manifest names it. Older
 * interpreters send all of it.
 */
export type SentCall = Omit<StepCall, DerivedOfCall> & Partial<Pick<StepCall, DerivedOfCall>>;
type DerivedOfCall = 'project' | 'task' | 'planHash' | 'timeoutMs' | 'heartbeatMs';

/** Number of an attempt among all of its step in this try of the run, from Temporal's, which counts each round from 1. */
export const attemptNumber = ({ earlier = 0 }: Pick<StepCall, 'earlier'>, attempt: number): number => earlier + attempt;

export interface StepResult {
  /** The output, or where it lies when its JSON is above 4 KiB. */
  readonly output: Json;
  readonly meta: AttemptMeta;
  /** For a publishing task: what the publish activity must put in place. */
  readonly staged?: readonly StagedPartition[];
  /** How each call of the batch ended, in their order; the fields above say nothing then. */
  readonly batch?: readonly (StepResult | { readonly failure: StepFailure })[];
}

export interface AttemptMeta {
  /** ms since the epoch, worker's clock. */
  readonly startedAt: number;
  /** From 1 in each round of the step. */
  readonly attempt: number;
  readonly worker: string;
  /** Duration of the attempt, ms. */
  readonly ms: number;
  /** Digest of the task's bundle; null where unknown. */
  readonly codeDigest?: string | null;
  /** Rows read and written through ctx.read and ctx.write. */
  readonly rowsIn?: number;
  readonly rowsOut?: number;
  /** Slices and models that the step was given or read. */
  readonly reads?: readonly (
    | { readonly kind: 'slice'; readonly name: string; readonly digest: string }
    | { readonly kind: 'model'; readonly name: string; readonly version: string; readonly digest: string }
    | { readonly kind: 'file'; readonly name: string; readonly digest: string }
  )[];
  /** Of a task with `cache`. */
  readonly cache?: CacheNote;
}

/** Why a step took the result of another one, or did not. */
export interface CacheNote {
  readonly hit: boolean;
  readonly why: string;
  /** Where the result comes from. */
  readonly runId?: string;
  readonly step?: string;
}

/** A value kept outside of the payload. Passes wherever the value would. */
export interface Stored {
  readonly $stored: { readonly uri: string; readonly digest: string; readonly bytes: number };
  /** Values at the node's `keep` paths, by path joined with '.'; '' is the whole value. */
  readonly kept?: JsonObject;
}
export const isStored = (value: unknown): value is Stored => typeof value === 'object' && value !== null && '$stored' in value;

/** Limits, bytes of JSON. */
export const INLINE_BYTES = 4 * 1024;
export const OUTPUT_BYTES = 64 * 1024;
export const MAX_ARRAY_ITEMS = 1000;
export const ITEMS_PER_PAGE = 500;

/**
 * How a failure crosses Temporal: ApplicationFailure with type = class and details[0] = this. user and data failures are
 * non-retryable there; so is any failure after the last charged attempt.
 */
export interface StepFailure {
  readonly class: FailureClass;
  /** 'HDL-...' or the author's error name. */
  readonly code: string;
  readonly message: string;
  readonly meta?: AttemptMeta;
}

/** An attempt's staged partition, written and complete but not visible. */
export interface StagedPartition {
  readonly dataset: string;
  /** Root of the dataset, resolved (never store://). */
  readonly uri: string;
  readonly key: JsonObject;
  /** Folder that holds files, manifest and _SUCCESS. */
  readonly staging: string;
  readonly manifestDigest: string;
  readonly rows: number;
  readonly bytes: number;
  /** Where in the output the slice handle stands: path segments. */
  readonly at: readonly string[];
  /** What the dataset expects, with what is needed to judge it. */
  readonly checks?: Pick<DatasetDef, 'partitions'> & { readonly expect: ExpectDef };
}

/** Activity 'heddle.publish' on the step's own queue: idempotent by (runId, step). */
export interface PublishCall {
  readonly project: string;
  readonly runId: string;
  readonly step: string;
  readonly pipeline: string;
  readonly output: Json;
  readonly staged: readonly StagedPartition[];
  /** Overwrite what another run published? Default true: the newer generation replaces. */
  readonly replace: boolean;
  /** The node's keep, for an output above 4 KiB. */
  readonly keep?: readonly (readonly string[])[];
  /** Generation of each of `staged`, from heddle.issue_generations: the fencing tokens. Left out by older workflows. */
  readonly generations?: readonly number[];
}
/** Result: the step's output with final slice handles in it. */
export interface PublishResult {
  readonly output: Json;
  readonly meta: AttemptMeta;
}

/** Activities 'heddle.read_items' and 'heddle.write_items' on a pool's worker, for chunks of a map over an item list. */
export interface ReadItemsCall {
  readonly project: string;
  readonly list: ItemListHandle;
  readonly page: number;
}
export interface ReadItemsResult {
  readonly items: readonly Json[];
}
export interface WriteItemsCall {
  readonly project: string;
  readonly runId: string;
  readonly step: string;
  readonly page: number;
  readonly items: readonly Json[];
}
export interface WriteItemsResult {
  readonly uri: string;
  readonly count: number;
}
/** Activity 'heddle.join_items': makes one list of pages. */
export interface JoinItemsCall {
  readonly project: string;
  readonly runId: string;
  readonly step: string;
  readonly pages: readonly WriteItemsResult[];
  readonly itemSchema?: string;
}

/** JSON of an ItemList: a folder of pages page-00000.json..., each an array of at most `pageSize` items. */
export interface ItemListHandle {
  readonly kind: 'items';
  readonly uri: string;
  readonly count: number;
  readonly pageSize: number;
  readonly digest: string;
}
/** JSON of a Slice: what ctx.read takes. */
export interface SliceHandle {
  readonly kind: 'slice';
  readonly dataset: string;
  /** Resolved root of the dataset. */
  readonly uri: string;
  /** Digest over (partition path, generation, manifest digest) of all its partitions. */
  readonly digest: string;
  readonly rows: number;
  readonly bytes: number;
  /** Relative partition paths ('day=2001-03-01') with their manifests' digests; a stored list above 40 of them. */
  readonly partitions: readonly PinnedPartition[] | Stored;
}
export interface PinnedPartition {
  readonly path: string;
  readonly generation: number;
  readonly manifest: string;
  readonly rows: number;
  readonly bytes: number;
}
/** JSON of a Model. */
export interface ModelHandle {
  readonly kind: 'model';
  readonly name: string;
  readonly version: string;
  /** Folder with model.onnx, meta.json. */
  readonly uri: string;
  readonly digest: string;
}
