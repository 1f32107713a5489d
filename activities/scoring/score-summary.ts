/** What was scored, in numbers that add up over batches, shards and days: counts, a histogram of scores, sums of features. Pure. */
export interface ScoreSummary {
  readonly scored: number;
  readonly quarantined: number;
  /** Rows to which the model gave no finite number. */
  readonly failed: number;
  /** Of the scores. */
  readonly sum: number;
  /** Scores in 20 equal bins of 0..1; what lies outside is in the first or the last. */
  readonly bins: readonly number[];
  /** Of each feature over the rows that were scored, in the order of the model's input. */
  readonly featureSums: readonly number[];
}
export const BINS = 20;

export const emptySummary = (features: number): ScoreSummary => ({
  scored: 0,
  quarantined: 0,
  failed: 0,
  sum: 0,
  bins: Array.from({ length: BINS }, () => 0),
  featureSums: Array.from({ length: features }, () => 0),
});

/** Of one batch: a score a row, each finite; sums of the features over the same rows. */
export function summarize(scores: Float32Array, featureSums: Float64Array): ScoreSummary {
  const bins = new Float64Array(BINS);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    sum += score;
    bins[score >= 1 ? BINS - 1 : score > 0 ? (score * BINS) | 0 : 0]!++;
  }
  return { scored: scores.length, quarantined: 0, failed: 0, sum, bins: [...bins], featureSums: [...featureSums] };
}

/** x: rows x features. */
export function sumFeatures(x: Float32Array, features: number, rows: number): Float64Array {
  const sums = new Float64Array(features);
  for (let i = 0, end = rows * features; i < end; i += features) for (let f = 0; f < features; f++) sums[f]! += x[i + f]!;
  return sums;
}

export const addSummaries = (a: ScoreSummary, b: ScoreSummary): ScoreSummary => ({
  scored: a.scored + b.scored,
  quarantined: a.quarantined + b.quarantined,
  failed: a.failed + b.failed,
  sum: a.sum + b.sum,
  bins: a.bins.map((count, i) => count + (b.bins[i] ?? 0)),
  featureSums: a.featureSums.map((sum, f) => sum + (b.featureSums[f] ?? 0)),
});
