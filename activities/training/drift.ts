/** How far the rows of now have moved from those that the last good model was trained on. Pure; worker side. */
import type { RangeProfile } from './range-profile.ts';

export interface Drift {
  readonly feature: string;
  /** Means, then and now. */
  readonly was: number;
  readonly is: number;
  /** The way of the mean, in standard deviations of then. */
  readonly sigmas: number;
}

/** Farthest first. A feature that one of the two has not is left out: then the model's schema does not fit, which is told elsewhere. */
export function driftBetween(before: RangeProfile, now: RangeProfile): Drift[] {
  return Object.entries(now)
    .flatMap(([feature, { mean }]): Drift[] => {
      const then = before[feature];
      if (!then) return [];
      // of an old profile without a deviation: as if its values were spread evenly over their range
      const std = then.std ?? (then.max - then.min) / Math.sqrt(12);
      const way = mean - then.mean;
      return [{ feature, was: then.mean, is: mean, sigmas: way === 0 ? 0 : way / (std || Number.MIN_VALUE) }];
    })
    .sort((a, b) => Math.abs(b.sigmas) - Math.abs(a.sigmas));
}
