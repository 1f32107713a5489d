/** What was scored, in numbers that add up over batches, shards and days: counts, a histogram of scores, figures of features. Pure. */
import { addMoments, type Moments } from './moments.ts';

export interface ScoreSummary {
  readonly scored: number;
  readonly quarantined: number;
  /** Rows to which the model gave no finite number. */
  readonly failed: number;
  /** Of the scores. */
  readonly sum: number;
  /** Scores in 20 equal bins of 0..1; what lies outside is in the first or the last. */
  readonly bins: readonly number[];
  /** Rows in quarantine by feature and reason, 'distance above the range'. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Of each feature over all rows, those in quarantine too: a shifted column must show. [] for a model without a profile. */
  readonly seen: readonly Moments[];
}
export const BINS = 20;

export const emptySummary: ScoreSummary = {
  scored: 0,
  quarantined: 0,
  failed: 0,
  sum: 0,
  bins: Array.from({ length: BINS }, () => 0),
  reasons: {},
  seen: [],
};

/** Of one batch: a score a row, each finite. */
export function summarize(scores: Float32Array): Pick<ScoreSummary, 'scored' | 'sum' | 'bins'> {
  const bins = new Float64Array(BINS);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    sum += score;
    bins[score >= 1 ? BINS - 1 : score > 0 ? (score * BINS) | 0 : 0]!++;
  }
  return { scored: scores.length, sum, bins: [...bins] };
}

export const addSummaries = (a: ScoreSummary, b: ScoreSummary): ScoreSummary => ({
  scored: a.scored + b.scored,
  quarantined: a.quarantined + b.quarantined,
  failed: a.failed + b.failed,
  sum: a.sum + b.sum,
  bins: a.bins.map((count, i) => count + (b.bins[i] ?? 0)),
  reasons: added(a.reasons, b.reasons),
  seen: Array.from({ length: Math.max(a.seen.length, b.seen.length) }, (_, f) => addMoments(a.seen[f], b.seen[f])),
});

function added(a: ScoreSummary['reasons'], b: ScoreSummary['reasons']): ScoreSummary['reasons'] {
  const sum: Record<string, number> = { ...a };
  for (const [reason, rows] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + rows;
  return sum;
}
