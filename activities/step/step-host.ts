/**
 * What a step's run needs from where it runs: a worker, an isolated child, a test. Free of Temporal, so that a segment of
 * steps can run through the same wrapper.
 */
import type { TaskValue } from '../../dsl/authoring/values.ts';
import type { ColumnBatch, RowCondition, SliceFile } from '../../dsl/authoring/context.ts';
import type { StepEvent } from '../../dsl/contract/api.ts';
import type { ItemListHandle, SliceHandle, StagedPartition, StepCall } from '../../dsl/contract/step.ts';
import type { DatasetDef, Json, JsonObject } from '../../dsl/plan/types.ts';
import type { StepTracker } from '../tracking/step-tracker.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { Redactor } from './redactor.ts';

/** The part of a store (storage/store.ts) that steps use for files of their own. */
export interface StepFiles {
  /** 'store://...' -> an absolute URI: file:///... or hdfs://... */
  resolve(uri: string): string;
  read(uri: string): Promise<Uint8Array>;
  write(uri: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ readonly bytes: number; readonly digest: string }>;
  stat(uri: string): Promise<{ readonly bytes: number } | null>;
  /** Entries of a folder; [] where it is not there. */
  list(uri: string): Promise<readonly { readonly uri: string }[]>;
  remove(uri: string, options?: { readonly recursive?: boolean }): Promise<void>;
}

/** Rows that a task hands to ctx.write. */
export type RowBatches =
  | Iterable<object>
  | AsyncIterable<readonly object[] | { readonly numRows: number; readonly columns: Readonly<Record<string, ArrayLike<unknown>>> }>;

/** Columns and conditions of a read, as storage/datasets/read-slice.ts takes them. */
export interface ReadOptions {
  readonly columns?: readonly string[];
  readonly where?: readonly RowCondition[];
}

/** Typed data in the store: stored values, item lists, slices. */
export interface StepData {
  /** The value with everything Stored in it loaded. */
  loadInputs(value: Json): Promise<Json>;
  /** Puts a value into the store; the values at the `keep` paths stay inline. */
  storeValue(value: Json, keep: readonly (readonly string[])[], call: StepCall): Promise<Json>;
  writeItems(items: Iterable<Json> | AsyncIterable<Json>, folder: string): Promise<ItemListHandle>;
  readItems(list: ItemListHandle): AsyncIterable<Json>;
  readSlice(dataset: DatasetDef, slice: SliceHandle, options?: ReadOptions): AsyncIterable<ColumnBatch<Record<string, unknown>>>;
  /** Files of the slice as it was pinned. */
  sliceFiles(slice: SliceHandle): Promise<readonly SliceFile[]>;
  /** All pages of the list are there. */
  hasItems(list: ItemListHandle): Promise<boolean>;
  /** The slice as its partitions stand in place now; `gone` says which is missing or another one. */
  inPlace(slice: SliceHandle): Promise<SliceHandle | { readonly gone: string }>;
  /** Writes a partition where only its publish will find it. */
  stage(
    dataset: DatasetDef,
    key: JsonObject,
    rows: RowBatches,
    attempt: StagingAttempt,
  ): Promise<{ readonly slice: SliceHandle; readonly staged: Omit<StagedPartition, 'at'> }>;
}
/** Who stages: goes into the staging path and the manifest. */
export interface StagingAttempt {
  readonly call: StepCall;
  readonly attempt: number;
  readonly codeDigest: string | null;
  /** Slices that the step read, for the manifest. */
  readonly inputs: readonly SliceHandle[];
}

/** Details of a heartbeat: what the next attempt of this step may know. */
export interface HeartbeatDetails {
  /** Attempts so far that count against no budget. */
  readonly uncharged: number;
  readonly startedAt: number;
  readonly worker: string;
  /** A small checkpoint, as JSON. */
  readonly cursor?: Json;
}

export interface StepHost {
  readonly worker: string;
  /** From 1, over all rounds of the step in this try of the run (attemptNumber). */
  readonly attempt: number;
  readonly files: StepFiles;
  readonly data: StepData;
  task(name: string, version: string): TaskValue | undefined;
  /** Digest of the task's code for what is published; null where it cannot be had. May take a moment after a worker's start. */
  codeDigest(task: TaskValue): Promise<string | null>;
  /** The same if it is known by now. */
  knownDigest(task: TaskValue): string | null;
  /** Cursor of the last heartbeat before this attempt. */
  readonly lastCursor: Json | null;
  heartbeat(cursor?: Json): void;
  /** Aborts on cancel and on shutdown; `reason` says which (see StepCancelled, StepInterrupted). */
  readonly signal: AbortSignal;
  openLog(call: StepCall): AttemptLog;
  readonly redactor: Redactor;
  /** undefined: the worker has no such secret. */
  secret(name: string): Promise<string | undefined>;
  /** Environment of command tasks beyond the process's own (CUDA_VISIBLE_DEVICES...). */
  readonly commandEnv: Readonly<Record<string, string>>;
  /** Folder that command argv and relative paths are relative to. */
  readonly projectFolder: string;
  /** Local folder for files that need no store: checkpoints of an hdfs: store, inputs of commands. */
  readonly scratchFolder: string;
  now(): number;
  /** Left out: no tracker is configured. */
  readonly tracker?: StepTracker;
  /** Best effort. */
  push(event: StepEvent): void;
  /** Runs `work` so that what it does can be told apart from other steps of the process. */
  within?<T>(work: () => Promise<T>): Promise<T>;
}
