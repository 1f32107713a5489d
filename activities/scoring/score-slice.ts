/**
 * Scores of a slice's rows, straight from its Parquet files: the functions that steps call. A row group crosses to a thread as
 * bytes and its scores come back as bytes; at most one more than there are threads is in memory. Worker side.
 */
import type { Artifact, ColumnBatch, SliceFile, TaskContext } from '../../dsl/authoring/context.ts';
import type { Dataset } from '../../dsl/authoring/dataset.ts';
import type { Partitions } from '../../dsl/authoring/partition.ts';
import { columnTypes } from '../../storage/parquet/column-types.ts';
import { sourceOfBytes } from '../../storage/parquet/footer.ts';
import { readParquet } from '../../storage/parquet/read-parquet.ts';
import { datasetDef } from '../step/dataset-def.ts';
import type { RangeProfile } from '../training/range-profile.ts';
import { localScorer } from './local-scorer.ts';
import type { ScoredModel } from './model-files.ts';
import { profileOf } from './moments.ts';
import { scoreParquet, sieveParquet, type ParquetScoring } from './score-parquet.ts';
import { emptySummary, type ScoreSummary } from './score-summary.ts';
import type { Reject } from './threads/messages.ts';

type Context = Pick<TaskContext, 'artifact' | 'readArtifact' | 'progress' | 'signal'>;

export interface SliceScoring extends Pick<ParquetScoring, 'formulas' | 'keep' | 'constants' | 'scoreColumn' | 'notes' | 'first' | 'count' | 'keepRejects'> {
  /** await ctx.files(Dataset, slice) */
  readonly files: readonly SliceFile[];
  readonly model: ScoredModel;
  /** Name of the step's file of scores; 'scores.parquet'. */
  readonly file?: string;
}
export interface SliceScores {
  /** Parquet: the columns of `keep`, the scores, the constants; a row for each that was scored, in the order of the slice. */
  readonly file: Artifact;
  readonly summary: ScoreSummary;
  /** Rows that were not scored, and why. */
  readonly rejects: readonly Reject[];
}

/**
 * Scores the slice, or the rows `first` and `count` more of it. Rows that the model must not score are left out and told; rows = scored + failed +
 * quarantined. Throws HDL-BAD-FILE, HDL-FILE-SCHEMA, HDL-MODEL-INPUT, HDL-SCORE-MEMORY, HDL-PARTITION-CHANGED.
 */
export async function scoreSlice(ctx: Context, scoring: SliceScoring): Promise<SliceScores> {
  const { files, file = 'scores.parquet', ...rest } = scoring;
  const watched = watching(ctx, rest);
  const made = await ctx.artifact(file, scoreParquet(localScorer(), files, watched.scoring));
  return { file: made, summary: watched.summary(), rejects: watched.rejects };
}

export interface SievedSlice {
  readonly rows: number;
  readonly quarantined: number;
  /** Rows in quarantine by feature and reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** With the columns of `keep` as their key. */
  readonly rejects: readonly Reject[];
  /** What the features look like over all rows; empty for a model without a profile. */
  readonly profile: RangeProfile;
}
/** Looks at each row as scoreSlice would, and scores none: what must be known before anything is scored. Throws as scoreSlice does. */
export async function sieveSlice(
  ctx: Context,
  { files, ...scoring }: Omit<SliceScoring, 'constants' | 'scoreColumn' | 'notes' | 'file'>,
): Promise<SievedSlice> {
  const watched = watching(ctx, scoring);
  await sieveParquet(localScorer(), files, watched.scoring);
  const { quarantined, reasons, seen } = watched.summary();
  return { rows: watched.rows(), quarantined, reasons, rejects: watched.rejects, profile: profileOf(scoring.model.schema.features, seen) };
}

/** Rows of a file of scores, for ctx.write: its columns must be those of the dataset. Throws HDL-FILE-SCHEMA, HDL-ARTIFACT-CHANGED. */
export async function* readScores<N extends string, P extends Partitions, R>(
  ctx: Pick<TaskContext, 'readArtifact'>,
  to: Dataset<N, P, R>,
  file: Artifact,
): AsyncGenerator<ColumnBatch<R>> {
  const bytes = await ctx.readArtifact(file);
  const types = columnTypes(datasetDef(to as unknown as Dataset).schema, to.name);
  yield* readParquet(sourceOfBytes(file.uri, bytes), types) as AsyncGenerator<ColumnBatch<R>>; // its types are those of R
}

function watching(ctx: Context, scoring: Omit<ParquetScoring, 'onRejects' | 'onProgress' | 'signal' | 'done'>) {
  let summary: ScoreSummary = emptySummary;
  let rows = 0;
  const rejects: Reject[] = [];
  const watched: ParquetScoring = {
    ...scoring,
    signal: ctx.signal as AbortSignal, // the same, where lib.dom is not
    onRejects: (some) => rejects.push(...some),
    onProgress: (done, total) => {
      rows = done;
      ctx.progress(done, total);
    },
    done: (made) => {
      summary = made;
    },
  };
  return { scoring: watched, rejects, summary: () => summary, rows: () => rows };
}
