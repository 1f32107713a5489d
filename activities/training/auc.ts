/** Area under the ROC curve with ties, its bootstrap interval, and the orders both need. Pure; worker side. */
import { seededRandom } from './seeded-order.ts';

/**
 * Probability that a random late flight scores above a random one in time; ties count half. NaN where one of the two
 * classes is missing.
 */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  return weightedAuc(scores, labels, ascending(scores), null);
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}
export interface IntervalOptions {
  readonly draws: number;
  readonly seed: number;
  /** Between draws: heartbeats, a cancel. */
  breathe?(): Promise<void>;
}
/** 95 % percentile interval over `draws` resamples of the rows. */
export async function aucInterval(scores: ArrayLike<number>, labels: ArrayLike<number>, options: IntervalOptions): Promise<Interval> {
  const order = ascending(scores);
  const random = seededRandom(options.seed);
  const times = new Uint16Array(scores.length);
  const drawn = new Float64Array(options.draws);
  for (let draw = 0; draw < options.draws; draw++) {
    times.fill(0);
    for (let i = 0; i < scores.length; i++) times[Math.floor(random() * scores.length)]!++;
    drawn[draw] = weightedAuc(scores, labels, order, times);
    await options.breathe?.();
  }
  drawn.sort();
  const at = (share: number): number => drawn[Math.min(drawn.length - 1, Math.floor(share * drawn.length))] ?? Number.NaN;
  return { low: at(0.025), high: at(0.975) };
}

function ascending(scores: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
}
/** Row i counts times[i] times. */
function weightedAuc(scores: ArrayLike<number>, labels: ArrayLike<number>, order: Uint32Array, times: Uint16Array | null): number {
  let below = 0; // negatives with a lower score
  let wins = 0;
  let positives = 0;
  for (let i = 0; i < order.length;) {
    const score = scores[order[i]!]!;
    let tiedNegatives = 0;
    let tiedPositives = 0;
    for (; i < order.length && scores[order[i]!]! === score; i++) {
      const weight = times ? times[order[i]!]! : 1;
      if (labels[order[i]!] === 1) tiedPositives += weight;
      else tiedNegatives += weight;
    }
    wins += tiedPositives * (below + tiedNegatives / 2);
    below += tiedNegatives;
    positives += tiedPositives;
  }
  return positives === 0 || below === 0 ? Number.NaN : wins / (positives * below);
}
