/** What a model's inputs looked like in training; scoring quarantines rows that are far from it. Pure; worker side. */
import type { TrainingSet } from './training-set.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation; profiles that were written before it was kept have none. */
  readonly std?: number;
}
/** Feature name -> range over the training rows. */
export type RangeProfile = Readonly<Record<string, Range>>;

/** A value may lie outside of the range by this share of its width. */
const SLACK = 0.25;

export function rangeProfile(set: TrainingSet): RangeProfile {
  const width = set.features.length;
  return Object.fromEntries(
    set.features.map((name, f) => {
      let min = Infinity;
      let max = -Infinity;
      let sum = 0;
      for (let i = f; i < set.x.length; i += width) {
        const value = set.x[i]!;
        if (value < min) min = value;
        if (value > max) max = value;
        sum += value;
      }
      const mean = sum / set.rows;
      let squares = 0;
      for (let i = f; i < set.x.length; i += width) squares += (set.x[i]! - mean) ** 2;
      return [name, { min, max, mean, std: Math.sqrt(squares / set.rows) }];
    }),
  );
}

/** For each row, the index of the first feature that is out of range, or -1. `x`: rows x features. */
export function outOfRange(x: Float32Array, features: readonly string[], profile: RangeProfile): Int16Array {
  const width = features.length;
  const low = new Float64Array(width);
  const high = new Float64Array(width);
  for (const [f, name] of features.entries()) {
    const range = profile[name];
    if (!range) throw new Error(`the model's profile has no feature ${name}: it was trained on other columns`);
    const slack = (range.max - range.min) * SLACK;
    low[f] = range.min - slack;
    high[f] = range.max + slack;
  }
  const first = new Int16Array(x.length / width).fill(-1);
  for (let row = 0; row < first.length; row++) {
    for (let f = 0; f < width; f++) {
      const value = x[row * width + f]!;
      // not a number fails both comparisons
      if (value >= low[f]! && value <= high[f]!) continue;
      first[row] = f;
      break;
    }
  }
  return first;
}
