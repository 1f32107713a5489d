/**
 * What a task's code gets beside its input: logs, progress, checkpoints, data. Types only; workers and the testing kit
 * implement it.
 */
import type { Dataset, Slice } from './dataset.ts';
import type { ItemList } from './item-list.ts';
import type { KeyOf, Partitions } from './partition.ts';

/** Rows as columns: `columns[name][i]` is row i. Numbers come as typed arrays where no value is null. */
export interface ColumnBatch<R> {
  readonly numRows: number;
  readonly columns: { readonly [C in keyof R]: ArrayLike<R[C]> };
  /** An adapter: 20 times slower than columns. */
  rows(): Iterable<R>;
  /** The Arrow record batch that the columns are made of; none where rows were left out by a condition, and in unit tests. */
  readonly arrow?: ArrowBatch;
}
/** An apache-arrow RecordBatch, by its shape: the engine's authoring surface does not import Arrow. Cast it to use it as one. */
export interface ArrowBatch {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string; readonly nullable: boolean }[] };
  getChild(name: string): { readonly length: number; readonly nullCount: number; get(index: number): unknown } | null;
}
/** Columns to write; each has numRows values. */
export interface Columns<R> {
  readonly numRows: number;
  readonly columns: { readonly [C in keyof R]: ArrayLike<R[C]> };
}
/** What ctx.write takes: rows at once, or batches of rows, columns or Arrow record batches as they come. */
export type RowsOf<R> = readonly R[] | AsyncIterable<readonly R[] | Columns<R> | ArrowBatch>;

/** What a column is compared with; a date-time column with a text such as '2001-03-01T00:00:00Z'. */
type Comparable = number | bigint | string | boolean;
/** A null satisfies none. */
export type RowCondition<Column extends string = string, V = Comparable> =
  | { readonly column: Column; readonly op: '=' | '<' | '<=' | '>' | '>='; readonly value: V }
  | { readonly column: Column; readonly op: 'in'; readonly value: readonly V[] };
/** `columns`: only these are read. `where`: only rows that satisfy all of it come; files' statistics say what need not be read. */
export interface Reading<R, C extends keyof R & string> {
  readonly columns?: readonly C[];
  readonly where?: readonly { [K in keyof R & string]: RowCondition<K, Extract<R[K], Comparable>> }[keyof R & string][];
}

export interface Log {
  debug(text: string, fields?: Readonly<Record<string, unknown>>): void;
  info(text: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void;
  error(text: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Survives a kill: the next attempt of the same step loads what the last one saved. */
export interface Checkpoint {
  /** A local folder for large files, kept between attempts. */
  readonly folder: string;
  /** null in the first attempt. */
  load<T>(): Promise<T | null>;
  save(value: unknown): Promise<void>;
}

/** A file of a slice, as it was pinned: what reads Parquet by itself (a scorer, another program) needs of it. */
export interface SliceFile {
  /** Its address, 'hdfs://...', for messages; reads go on where a replacement has moved it to. */
  readonly name: string;
  /** 'day=2001-03-01'. */
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
  /** 'sha256:...'; of another system's file the checksum that its file system makes. */
  readonly digest: string;
  /** Bytes of the pinned file, never of another one. Throws HDL-PARTITION-CHANGED. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Reads all of it and compares it with its digest. A file up to 4 MiB is compared by its first read. Throws HDL-PARTITION-CHANGED. */
  verify(): Promise<void>;
}

export interface Artifact {
  readonly uri: string;
  readonly digest: string;
  readonly bytes: number;
}

/** Says to the project's tracker (MLflow) what a step tried and found. It never waits for it and never fails for it. */
export interface Track {
  /** Settings of this step: rate, seed. A name keeps its first value. */
  params(values: Readonly<Record<string, string | number | boolean>>): void;
  /** A number that was measured; `step` is the epoch or the batch, 0 for what is measured once. */
  metric(name: string, value: number, step?: number): void;
  /** Copies a file of this step to the tracker, at `path` there. */
  artifact(file: Artifact, path: string): void;
}

/** AbortSignal, for programs whose library has none. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
/** The author's own AbortSignal type, so that it fits `fetch(url, { signal: ctx.signal })`. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : CancelSignal;

export interface TaskContext<K = unknown> {
  readonly log: Log;
  /** Shown live. `total` null: not known. */
  progress(done: number, total: number | null, note?: string): void;
  readonly checkpoint: Checkpoint;
  /** Writes a file of this step; the same name again replaces it. */
  artifact(name: string, content: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<Artifact>;
  /** Bytes of an artifact, or of a file below a model's uri. */
  readArtifact(from: Artifact | string): Promise<Uint8Array>;
  /** Says that this step read a file or a table which is no dataset of the project; the lineage shows it. */
  source(uri: string, digest?: string): void;
  readonly track: Track;
  /** Writes a paged list, of any length. */
  items<T>(items: Iterable<T> | AsyncIterable<T>): Promise<ItemList<T>>;
  readItems<T>(list: ItemList<T>): AsyncIterable<T>;
  /** A secret of the worker, by name. It never enters an input, an output or a log. */
  secret(name: string): Promise<string>;
  /** Aborts when the step is cancelled or out of time. */
  readonly signal: Signal;
  /** From 1. */
  readonly attempt: number;
  readonly runId: string;
  /** Path of the step, 'trials[0].train'. */
  readonly step: string;
  /** Key of the run's partition, '2001-03-01'; null without partitions. */
  readonly partition: string | null;
  /** The partition that this step publishes. */
  readonly into: K;
  /** The same for all attempts of this step: hand it to what must happen once. */
  readonly idempotencyKey: string;
  read<N extends string, P extends Partitions, R, C extends keyof R & string = keyof R & string>(
    from: Dataset<N, P, R>,
    slice: Slice<NoInfer<N>, KeyOf<P>>,
    options?: Reading<NoInfer<R>, C>,
  ): AsyncIterable<ColumnBatch<Pick<R, C>>>;
  readRows<N extends string, P extends Partitions, R, C extends keyof R & string = keyof R & string>(
    from: Dataset<N, P, R>,
    slice: Slice<NoInfer<N>, KeyOf<P>>,
    options?: Reading<NoInfer<R>, C>,
  ): AsyncIterable<Pick<R, C>>;
  /** The slice's Parquet files, in the order of its rows: to be read by ranges, and by other means than ctx.read. */
  files<N extends string, P extends Partitions, R>(from: Dataset<N, P, R>, slice: Slice<NoInfer<N>, KeyOf<P>>): Promise<readonly SliceFile[]>;
  /** Stages the partition `into`; it is published when the step has succeeded. */
  write<N extends string, P extends Partitions, R>(to: Dataset<N, P, R>, rows: RowsOf<NoInfer<R>>): Promise<Slice<N, KeyOf<P>>>;
}
