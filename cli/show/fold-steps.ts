/** Folds the steps of a map's items and a loop's rounds into one row with counts, so that a large run fits on a screen. */
import type { StepRecord, StepStatus } from '../../dsl/contract/run.ts';

export interface StepRow {
  /** 'trials[0.01].train', or folded 'trials[*].train'. */
  readonly step: string;
  /** 1 for a plain step. */
  readonly count: number;
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  readonly steps: readonly StepRecord[];
}

/** Groups of at most this many stay as they are. */
const FOLD_ABOVE = 3;

export const foldedPath = (step: string): string => step.replaceAll(/\[[^\]]*\]/g, '[*]').replaceAll(/#\d+/g, '#*');

export function foldSteps(steps: readonly StepRecord[], all = false): StepRow[] {
  const groups = new Map<string, StepRecord[]>();
  for (const step of steps) {
    const path = all ? step.step : foldedPath(step.step);
    const group = groups.get(path);
    if (group) group.push(step);
    else groups.set(path, [step]);
  }
  return [...groups].flatMap(([path, group]) => (group.length > FOLD_ABOVE ? [rowOf(path, group)] : group.map((step) => rowOf(step.step, [step]))));
}

function rowOf(step: string, steps: readonly StepRecord[]): StepRow {
  const counts: Partial<Record<StepStatus, number>> = {};
  for (const { status } of steps) counts[status] = (counts[status] ?? 0) + 1;
  return { step, count: steps.length, counts, steps };
}
