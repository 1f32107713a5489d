/** AUC by month, by distance band and by the ten largest origins: where a model that is good on the whole is bad. Pure; worker side. */
import { auc } from './auc.ts';
import type { TrainingSet } from './training-set.ts';

export interface SliceAuc {
  /** 'month 2001-03', 'distance under 500', 'origin ORD'. */
  readonly slice: string;
  readonly rows: number;
  readonly auc: number;
}
/** Slices with fewer rows say nothing and are left out. */
const MIN_ROWS = 200;
const BANDS = [
  { name: 'distance under 500', below: 500 },
  { name: 'distance 500 to 1500', below: 1500 },
  { name: 'distance over 1500', below: Infinity },
] as const;

export function sliceAucs(scores: ArrayLike<number>, set: TrainingSet): SliceAuc[] {
  const logDistance = set.features.indexOf('logDistance');
  const rowsOf = new Map<string, number[]>();
  const put = (slice: string, row: number): void => {
    const rows = rowsOf.get(slice);
    if (rows) rows.push(row);
    else rowsOf.set(slice, [row]);
  };
  const largest = largestOrigins(set, 10);
  for (let row = 0; row < set.rows; row++) {
    put(`month ${new Date(set.at[row]! * 1000).toISOString().slice(0, 7)}`, row);
    const miles = Math.exp(set.x[row * set.features.length + logDistance]!);
    put((BANDS.find(({ below }) => miles < below) ?? BANDS[2]).name, row);
    if (largest.has(set.origin[row]!)) put(`origin ${set.origins[set.origin[row]!]}`, row);
  }
  return [...rowsOf]
    .filter(([, rows]) => rows.length >= MIN_ROWS)
    .map(([slice, rows]) => ({
      slice,
      rows: rows.length,
      auc: auc(
        rows.map((row) => scores[row]!),
        rows.map((row) => set.y[row]!),
      ),
    }))
    .filter((slice) => Number.isFinite(slice.auc))
    .sort((a, b) => (a.slice < b.slice ? -1 : 1));
}

function largestOrigins(set: TrainingSet, count: number): Set<number> {
  const flights = new Float64Array(set.origins.length);
  for (let row = 0; row < set.rows; row++) flights[set.origin[row]!]!++;
  const order = [...flights.keys()].sort((a, b) => flights[b]! - flights[a]! || a - b);
  return new Set(order.slice(0, count));
}
