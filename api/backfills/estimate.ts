/** What a backfill will cost, from runs of the same pipelines that are done: medians with the spread that those runs had. Server only. */
import { costsOfRuns, type RunCost } from '../../catalog/run-costs.ts';
import type { PlannedPipeline } from '../../planner/make-plan.ts';
import type { ServerParts } from '../server-parts.ts';

/** Middle of what was seen, with its 10th and 90th percentile. */
export interface Spread {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}
export interface Estimate {
  readonly runs: number;
  readonly steps: Spread;
  readonly wallMs: Spread;
  /** 'pool/class' -> ms of slots. */
  readonly slotMs: Readonly<Record<string, Spread>>;
  readonly bytes: Spread;
  /** How it was made, for people. */
  readonly from: string;
}

/** Runs looked at, of each pipeline. */
const SAMPLE = 200;

/** null: a pipeline of the plan never ran, so that nothing is known. */
export async function estimateBackfill(
  parts: Pick<ServerParts, 'catalog' | 'config'>,
  planned: readonly PlannedPipeline[],
  concurrency: number,
): Promise<Estimate | null> {
  const counts = planned
    .map(({ facts, decisions }) => ({ pipeline: facts.pipeline, cells: decisions.filter((one) => one.do !== null).length }))
    .filter(({ cells }) => cells > 0);
  if (counts.length === 0) return null;
  const each: { readonly pipeline: string; readonly cells: number; readonly costs: readonly RunCost[] }[] = [];
  for (const one of counts) {
    const costs = await costsOfRuns(parts.catalog.db, parts.config.project, one.pipeline, SAMPLE);
    if (costs.length === 0) return null;
    each.push({ ...one, costs });
  }
  const total = (of: (cost: RunCost) => number): Spread => sum(each.map(({ cells, costs }) => totalOf(costs.map(of), cells)));
  const classes = new Set(each.flatMap(({ costs }) => costs.flatMap(({ slotMs }) => Object.keys(slotMs))));
  const wall = total(({ ms }) => ms);
  const runs = each.reduce((all, { cells }) => all + cells, 0);
  const lanes = Math.max(1, Math.min(concurrency, runs));
  return {
    runs,
    steps: total(({ steps }) => steps),
    wallMs: { low: wall.low / lanes, middle: wall.middle / lanes, high: wall.high / lanes },
    slotMs: Object.fromEntries([...classes].sort().map((name) => [name, total(({ slotMs }) => slotMs[name] ?? 0)])),
    bytes: total(({ bytes }) => bytes),
    from: each.map(({ pipeline, costs }) => `${costs.length} ${costs.length === 1 ? 'run' : 'runs'} of ${pipeline}`).join(', '),
  };
}

/**
 * The sum over many cells: their mean times their number, give or take 1.28 standard errors of such a sum (10th and 90th
 * percentile of a normal distribution), of the sample and of the cells.
 */
function totalOf(samples: readonly number[], cells: number): Spread {
  const mean = samples.reduce((all, one) => all + one, 0) / samples.length;
  const variance = samples.length < 2 ? (mean / 2) ** 2 : samples.reduce((all, one) => all + (one - mean) ** 2, 0) / (samples.length - 1);
  const error = 1.28 * Math.sqrt(variance * (cells + cells ** 2 / samples.length));
  return { low: Math.max(0, mean * cells - error), middle: mean * cells, high: mean * cells + error };
}

const sum = (spreads: readonly Spread[]): Spread => ({
  low: spreads.reduce((all, one) => all + one.low, 0),
  middle: spreads.reduce((all, one) => all + one.middle, 0),
  high: spreads.reduce((all, one) => all + one.high, 0),
});
