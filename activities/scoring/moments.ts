/** Figures of a feature over rows that add up over batches and threads: what a column of the day looks like. Pure; worker side. */
import type { RangeProfile } from '../training/range-profile.ts';

/** Of values that are there and finite. `min` is Infinity and `max` -Infinity where there is none. */
export interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
}
const NONE: Moments = { count: 0, sum: 0, squares: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };

export const addMoments = (a: Moments = NONE, b: Moments = NONE): Moments => ({
  count: a.count + b.count,
  sum: a.sum + b.sum,
  squares: a.squares + b.squares,
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
});

/** Of column f of `x` (rows x features); `valid`: 0 where the row is a null, null: all are there. */
export function momentsOf(x: Float32Array, features: number, f: number, rows: number, valid: Uint8Array | null): Moments {
  let { count, sum, squares, min, max } = NONE;
  for (let row = 0, i = f; row < rows; row++, i += features) {
    const value = x[i]!;
    // the difference of what is not finite is not a number
    if ((valid !== null && valid[row] === 0) || value - value !== 0) continue;
    count++;
    sum += value;
    squares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { count, sum, squares, min, max };
}

/** Features that were never a number are left out. */
export function profileOf(features: readonly string[], moments: readonly Moments[]): RangeProfile {
  return Object.fromEntries(
    features.flatMap((name, f) => {
      const { count, sum, squares, min, max } = moments[f] ?? NONE;
      if (count === 0) return [];
      const mean = sum / count;
      return [[name, { min, max, mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)) }]];
    }),
  );
}
