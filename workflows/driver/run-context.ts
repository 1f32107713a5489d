/** What every part of the driver needs to know about its run. Sandbox. */
import type { ActivityOptions } from '@temporalio/workflow';
import type { PartitionScope, RunInput, RunLimits } from '../../dsl/contract/run.ts';
import type { StepCall, StepResult } from '../../dsl/contract/step.ts';
import type { Skeleton } from '../../dsl/plan/types.ts';

export interface RunContext {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: PartitionScope | null;
  readonly backfill: string | null;
  /** Goes into every StepCall of the run. */
  readonly marks: RunMarks;
  readonly workflowId: string;
  readonly limits: Required<RunLimits>;
  /** Those that were given, for children. */
  readonly givenLimits: RunLimits;
  /** 'chunk': a page of a list map, 'long': one step; these are parts of a run and not runs. 'cell': a run inside of a page of a backfill. */
  readonly role: 'run' | 'chunk' | 'long' | 'cell';
  /** Before the ids of its activities, where several runs share a workflow. */
  readonly idPrefix?: string;
  /** Where the steps of several runs may go in one activity. */
  readonly batches?: BatchSteps;
  /** A resume may move the run to a newer plan. */
  planHash: string;
  skeleton: Skeleton;
}

/** Takes a step of a task that can do `max` partitions at once. */
export interface BatchSteps {
  join(call: StepCall, max: number, options: ActivityOptions): Promise<StepResult>;
}

/** What each of a run's steps must know about the run. */
export type RunMarks = Pick<StepCall, 'retry' | 'cache' | 'lane'>;

export const marksOf = ({ retryOf, cache, backfill }: Pick<RunInput, 'retryOf' | 'cache' | 'backfill'>): RunMarks => ({
  ...(retryOf !== undefined && { retry: retryOf }),
  ...(cache === false && { cache }),
  ...(backfill !== undefined && { lane: 'backfill' }),
});

export const limitsOf = (given: RunLimits | undefined): Required<RunLimits> => ({
  historyEvents: 4000,
  historyBytes: 2 * 1024 * 1024,
  graceMs: 60_000,
  alwaysMs: 600_000,
  inFlight: 100,
  largeRun: 500,
  drainMs: 60_000,
  askMs: 60_000,
  ...given,
});

export const contextOf = (input: RunInput, skeleton: Skeleton, workflowId: string, role: RunContext['role']): RunContext => ({
  project: input.project,
  runId: input.runId,
  pipeline: input.pipeline,
  partition: input.partition,
  backfill: input.backfill ?? null,
  marks: marksOf(input),
  workflowId,
  limits: limitsOf(input.limits),
  givenLimits: input.limits ?? {},
  role,
  planHash: input.planHash,
  skeleton,
});
