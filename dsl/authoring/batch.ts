/** batch: how a task takes many partitions of a backfill at once, with an outcome for each. Authors' surface. */
import type { TaskContext } from './context.ts';
import type { Problem } from '../plan/problem.ts';

/** One partition of many: its input, and a context of its own (`ctx.into`, `ctx.write`, `ctx.log`). */
export interface BatchPart<I, P> {
  readonly input: I;
  readonly ctx: TaskContext<P>;
}

/** R: what `run` of the task gives. */
export interface Batch<I, P, R> {
  /** Partitions of one call at most, 2 to 100. */
  readonly max: number;
  /**
   * One outcome for each part, in their order: what `run` would have given, or an Error, which fails this partition alone. What
   * it throws fails all of them. Backfills call it; any other run calls `run`. The task's `timeout` is that of the whole call.
   */
  run(parts: readonly BatchPart<I, P>[]): Promise<readonly (R | Error)[]>;
}
/** As the engine holds it. */
export type AnyBatch = Batch<unknown, never, unknown>;

const MOST = 100;

export function batchProblems(name: string, def: { readonly batch?: AnyBatch | undefined; readonly isolate?: 'process' }, place: string | null): Problem[] {
  if (!def.batch) return [];
  const problem = (what: string, fix: string): Problem => ({ code: 'HDL-BAD-OPTION', what, where: place, fix });
  const { max } = def.batch;
  const problems: Problem[] = [];
  if (!Number.isInteger(max) || max < 2 || max > MOST)
    problems.push(problem(`batch.max: ${max} of task ${name} is not between 2 and ${MOST}.`, 'Give the number of partitions that one call can take.'));
  if (def.isolate)
    problems.push(problem(`Task ${name} has both batch and isolate: 'process'.`, 'A process of its own takes one partition: leave one of the two out.'));
  return problems;
}
