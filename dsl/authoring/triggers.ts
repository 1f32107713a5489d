/**
 * What starts a pipeline beside its schedule: a partition that was published, a request, a path that another system wrote, the
 * end of a run, a model's alias that moved. Authors' surface; acted on once the project is applied (heddle apply).
 */
import type { TriggerDef } from '../plan/types.ts';
import type { Dataset } from './dataset.ts';
import type { Duration } from './ref.ts';

/** Of any rows and keys. */
type AnyDataset = Pick<Dataset, 'name' | 'uri' | 'place'>;

declare const TRIGGER: unique symbol;
/** Made by the functions below. */
export interface Trigger {
  readonly [TRIGGER]?: never;
  readonly kind: TriggerDef['kind'];
  readonly datasets?: readonly Dataset[];
  readonly settle?: Duration;
  readonly uri?: string;
  readonly every?: Duration;
  readonly pipeline?: string;
  readonly statuses?: readonly ('done' | 'failed' | 'cancelled')[];
  readonly model?: string;
}

/**
 * A partition of each of these datasets is published: the pipeline runs for the partition of that key, once for each state of
 * them; of many changes within `settle` (default 10 s) the last one counts.
 */
export const onPublished = (datasets: AnyDataset | readonly AnyDataset[], options: { readonly settle?: Duration } = {}): Trigger => ({
  kind: 'published',
  datasets: (Array.isArray(datasets) ? datasets : [datasets]) as readonly Dataset[], // of any rows
  ...options,
});

/** POST /triggers/PIPELINE with an idempotency key; the body holds parameters and partition, checked before anything starts. */
export const onRequest = (): Trigger => ({ kind: 'request' });

/**
 * A file or folder appears, for instance 's3-mirror' or another system's marker: 'store://inbox/day={day}/_SUCCESS'. Names in
 * braces are dimensions of the pipeline. Looked for each `every` (default 1 minute), for the last partitions that have ended.
 */
export const onPath = (uri: `${'store' | 'hdfs' | 'file'}://${string}`, options: { readonly every?: Duration } = {}): Trigger => ({
  kind: 'path',
  uri,
  ...options,
});

/** A run of another pipeline ended, by default as done: this one runs for the same partition. */
export const onEnded = (pipeline: { readonly pipelineName: string } | string, statuses: readonly ('done' | 'failed' | 'cancelled')[] = ['done']): Trigger => ({
  kind: 'ended',
  pipeline: typeof pipeline === 'string' ? pipeline : pipeline.pipelineName,
  statuses,
});

/** An alias moved to another version: onAlias('flights.delay@champion'). For pipelines without partitions, or the last that has ended. */
export const onAlias = (model: `${string}@${string}`): Trigger => ({ kind: 'alias', model });
