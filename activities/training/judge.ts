/** The gate: may this model replace the champion? A rejection is a normal end. Pure; worker side. */
export interface Evidence {
  readonly auc: number;
  readonly championAuc: number | null;
  readonly slices: readonly { readonly slice: string; readonly auc: number; readonly championAuc: number | null }[];
  readonly rowsPerSecond: number;
  /** Median time of one row alone. */
  readonly latencyMs: number;
  /** Of the weights. */
  readonly bytes: number;
}
/** On the whole the candidate may be this much worse than the champion, in a slice that much. */
const TOLERANCE = 0.005;
const SLICE_TOLERANCE = 0.03;
/** Below this a slice is no better than chance. */
const SLICE_FLOOR = 0.52;
/** What serving needs. */
const MIN_ROWS_PER_SECOND = 10_000;
const MAX_LATENCY_MS = 50;
const MAX_BYTES = 10_000_000;

/** Reasons against it; empty: it passes. */
export function judge(evidence: Evidence, minAuc: number): string[] {
  const { auc, championAuc, slices, rowsPerSecond, latencyMs, bytes } = evidence;
  const reasons: string[] = [];
  const show = (value: number): string => value.toFixed(4);
  if (!(auc >= minAuc)) reasons.push(`AUC ${show(auc)} is under the floor ${minAuc}`);
  if (championAuc !== null && auc < championAuc - TOLERANCE) reasons.push(`AUC ${show(auc)} is under the champion's ${show(championAuc)}`);
  for (const slice of slices) {
    if (slice.auc < SLICE_FLOOR) reasons.push(`${slice.slice}: AUC ${show(slice.auc)} is no better than chance`);
    else if (slice.championAuc !== null && slice.auc < slice.championAuc - SLICE_TOLERANCE)
      reasons.push(`${slice.slice}: AUC ${show(slice.auc)} against the champion's ${show(slice.championAuc)}`);
  }
  if (rowsPerSecond < MIN_ROWS_PER_SECOND) reasons.push(`it scores ${rowsPerSecond} rows a second, and ${MIN_ROWS_PER_SECOND} are needed`);
  if (!(latencyMs <= MAX_LATENCY_MS)) reasons.push(`one row takes ${latencyMs.toFixed(1)} ms, and ${MAX_LATENCY_MS} ms are allowed`);
  if (bytes > MAX_BYTES) reasons.push(`it has ${bytes} bytes, and ${MAX_BYTES} are allowed`);
  return reasons;
}
