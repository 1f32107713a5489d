/**
 * Which attempts of a step count. Temporal retries without end; the worker says when it is enough. An attempt that ended by
 * no fault of the step's (no worker had the task, a neighbour took the process down, a shutdown) is charged to nobody. Pure.
 */
import type { FailureClass } from '../dsl/plan/types.ts';

export interface AttemptCount {
  /** Temporal's, from 1. */
  readonly attempt: number;
  /** Attempts before this one that count against no budget. */
  readonly uncharged: number;
  /** StepCall.attempts. */
  readonly budget: number;
}

/** Charged attempts before this one. */
export const chargedBefore = ({ attempt, uncharged }: AttemptCount): number => Math.max(0, attempt - 1 - uncharged);

/** True when this attempt must not even start: the ones before it used the budget up and could not say so. */
export const budgetUsedUp = (count: AttemptCount): boolean => chargedBefore(count) >= count.budget;

/** True when this failure, charged, is the step's last word to Temporal. user and data failures are the interpreter's to retry. */
export const isFinal = (count: AttemptCount, failureClass: FailureClass): boolean =>
  failureClass === 'user' || failureClass === 'data' || chargedBefore(count) + 1 >= count.budget;

/** 1 s, doubled, at most 30 s: how long a step waits for a worker that has its task. */
export const noTaskDelayMs = (uncharged: number): number => Math.min(30_000, 1_000 * 2 ** Math.min(uncharged, 10));
