/** Scoring of slices, for authors: imported by tasks as 'heddle/scoring'. docs/scoring.md. Worker side. */
export { scoreSlice, sieveSlice, readScores, type SievedSlice, type SliceScores, type SliceScoring } from './score-slice.ts';
export { modelFiles, type ScoredModel } from './model-files.ts';
export { planSliceShards } from './plan-slice-shards.ts';
export type { Shard } from './plan-shards.ts';
export type { ModelSchema, Reason } from './model-schema.ts';
export type { Formula, Formulas, FormulasAt } from './formulas.ts';
export type { ScoreSummary } from './score-summary.ts';
export type { Reject } from './threads/messages.ts';
