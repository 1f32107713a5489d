/**
 * What steps say to a tracker, on its way there: files in the store, store://tracking/outbox/, which workers write and the server
 * delivers. So a tracker that is away loses nothing and fails no run, and workers need neither its address nor its keys.
 */
import type { Artifact } from '../../dsl/authoring/context.ts';

export const OUTBOX = 'store://tracking/outbox';
/** What the tracker will never take is put there, with its reason. */
export const REFUSED = 'store://tracking/refused';

/** The step that speaks. */
export interface TrackedStep {
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly step: string;
}
export type Tracked =
  | { readonly kind: 'params'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'metrics'; readonly metrics: readonly Metric[] }
  | { readonly kind: 'artifact'; readonly file: Artifact; readonly path: string }
  | { readonly kind: 'end'; readonly status: 'done' | 'failed' | 'cancelled'; readonly at: number }
  | { readonly kind: 'version'; readonly name: string; readonly version: string; readonly uri: string; readonly digest: string }
  | { readonly kind: 'alias'; readonly name: string; readonly alias: string; readonly version: string };
export interface Metric {
  readonly name: string;
  /** What JSON has no number for is its name, as MLflow takes it. */
  readonly value: number | 'NaN' | 'Infinity' | '-Infinity';
  /** Epoch, batch. */
  readonly step: number;
  /** ms since the epoch. */
  readonly at: number;
}
/** One file of the outbox. */
export interface TrackedBatch {
  readonly format: 1;
  /** null for what belongs to no step: an alias that a person moved. */
  readonly from: TrackedStep | null;
  readonly entries: readonly Tracked[];
}
