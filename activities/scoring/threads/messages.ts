/** What the main thread and a scoring thread say to each other. Plain data; buffers are transferred. */
import type { ErrorJson } from '../../../dsl/errors/heddle-error.ts';
import type { GroupInfo } from '../columns/column-info.ts';
import type { FormulasAt } from '../formulas.ts';
import type { ModelSchema, Reason } from '../model-schema.ts';
import type { WrittenChunk } from '../output/column-writer.ts';
import type { ScoreSummary } from '../score-summary.ts';

export type ToThread =
  | { readonly kind: 'open'; readonly id: number; readonly digest: string; readonly bytes: Uint8Array }
  /** x: rows x features. */
  | { readonly kind: 'matrix'; readonly id: number; readonly digest: string; readonly x: Float32Array; readonly features: number }
  | { readonly kind: 'group'; readonly id: number; readonly digest: string; readonly job: GroupJob };

/** Rows from..to of a row group. */
export interface GroupJob {
  /** For messages. */
  readonly name: string;
  readonly group: GroupInfo;
  /** Of each chunk, in the order of the group's. */
  readonly bytes: readonly Uint8Array[];
  readonly from: number;
  readonly to: number;
  /** Number in the file of the group's first row. */
  readonly firstRow: number;
  readonly batchRows: number;
  readonly formulas: FormulasAt | null;
  readonly schema: ModelSchema;
  /** Columns that stand beside the scores. */
  readonly keep: readonly string[];
  readonly scoreColumn: string;
  /** Columns of one text each, after the scores: which model made them. */
  readonly constants: Readonly<Record<string, string>>;
  /** false: rows are looked at and not scored. */
  readonly infer: boolean;
  /** So many rejects come back; all are counted. */
  readonly keepRejects: number;
}
export interface Reject {
  /** Number of the row in its file. */
  readonly row: number;
  readonly feature: string;
  readonly reason: Reason;
  /** null: there is none that JSON can hold. */
  readonly value: number | null;
  /** The row's kept columns. */
  readonly key: Readonly<Record<string, string | number | null>>;
}
export interface GroupResult {
  readonly bytes: Uint8Array;
  readonly chunks: readonly WrittenChunk[];
  /** Rows written. */
  readonly rows: number;
  readonly rejects: readonly Reject[];
  readonly summary: ScoreSummary;
}
export interface OpenResult {
  readonly input: string;
  readonly width: number | null;
  readonly output: string;
}

export type FromThread =
  | { readonly id: number; readonly done: OpenResult | Float32Array | GroupResult }
  | { readonly id: number; readonly failed: ThreadFailure };
/** An error as data: HeddleErrors keep their parts. */
export type ThreadFailure = { readonly heddle: ErrorJson } | { readonly name: string; readonly message: string; readonly memory: boolean };
