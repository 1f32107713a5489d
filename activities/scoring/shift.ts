/** Has the day to be scored moved away from what the model was trained on, or its scores from those of the last run? Pure; worker side. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Drift } from '../training/drift.ts';
import { BINS } from './score-summary.ts';

/** A column whose mean lies farther from that of training than this many of its standard deviations has shifted. */
const SIGMAS = 3;
export const shiftedColumns = (drifts: readonly Drift[]): Drift[] => drifts.filter(({ sigmas }) => Math.abs(sigmas) >= SIGMAS);
export const columnAlert = ({ feature, was, is, sigmas }: Drift): string =>
  `column ${feature} has shifted by ${Math.abs(sigmas) > 1_000 ? 'over 1000' : sigmas.toFixed(1)} standard deviations: its mean is ${short(is)}, and was ${short(was)} in training`;

/** Histogram of scores in equal bins of 0..1, with their sum. */
export interface Distribution {
  readonly bins: readonly number[];
  readonly sum: number;
}
export const emptyDistribution = (): { bins: number[]; sum: number } => ({ bins: Array.from({ length: BINS }, () => 0), sum: 0 });
export function addScore(to: { bins: number[]; sum: number }, score: number): void {
  to.bins[Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)))]!++;
  to.sum += score;
}
const countOf = ({ bins }: Distribution): number => bins.reduce((sum, count) => sum + count, 0);

/**
 * Population stability index: sum of (p - q) ln(p / q) over the bins, each with half a row more, so that an empty bin counts
 * little. Under 0.1 nothing has moved; over 0.25 much has.
 */
export function stabilityIndex(then: Distribution, now: Distribution): number {
  const [n, m] = [countOf(then), countOf(now)];
  return now.bins.reduce((sum, count, i) => {
    const p = (count + 0.5) / (m + BINS / 2);
    const q = ((then.bins[i] ?? 0) + 0.5) / (n + BINS / 2);
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}
const MAX_INDEX = 0.25;
/** Fewer scores say nothing about a distribution. */
const MIN_SCORES = 100;

/** null: nothing is to be told. `day`: of the last run's scores. */
export function scoreAlert(then: Distribution, now: Distribution, day: string): string | null {
  if (countOf(then) < MIN_SCORES || countOf(now) < MIN_SCORES) return null;
  const index = stabilityIndex(then, now);
  if (!(index > MAX_INDEX)) return null;
  return `the scores have moved away from those of ${day} (stability index ${index.toFixed(2)}, up to ${MAX_INDEX} may be): their mean is ${short(now.sum / countOf(now))}, and was ${short(then.sum / countOf(then))}`;
}

/** How far the mean score may lie from the share of late flights in training. */
const MAX_MEAN_SHIFT = 0.15;
/** Throws HDL-SHIFTED, whatever was declared: scores so far off serve nobody. */
export function checkMean(mean: number, baseRate: number, where: string): void {
  if (Math.abs(mean - baseRate) <= MAX_MEAN_SHIFT) return;
  throw new HeddleError('HDL-SHIFTED', { what: `The mean score is ${short(mean)}, and in training ${short(baseRate)} of the rows had the label.`, where });
}

/** `onShift` 'fail': throws HDL-SHIFTED when there is something to tell. */
export function failOnShift(alerts: readonly string[], onShift: 'warn' | 'fail', where: string): void {
  if (onShift === 'fail' && alerts.length > 0) throw new HeddleError('HDL-SHIFTED', { what: `${capital(alerts.join('; '))}.`, where });
}
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const short = (value: number): string => String(Number(value.toPrecision(3)));
