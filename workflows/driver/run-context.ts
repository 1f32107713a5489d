/** What every part of the driver needs to know about its run. Sandbox. */
import type { PartitionScope, RunInput, RunLimits } from '../../dsl/contract/run.ts';
import type { Skeleton } from '../../dsl/plan/types.ts';

export interface RunContext {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: PartitionScope | null;
  readonly backfill: string | null;
  readonly workflowId: string;
  readonly limits: Required<RunLimits>;
  /** Those that were given, for children. */
  readonly givenLimits: RunLimits;
  /** 'chunk': a page of a list map, which is a part of a run and not a run. */
  readonly role: 'run' | 'chunk';
  /** A resume may move the run to a newer plan. */
  planHash: string;
  skeleton: Skeleton;
}

export const limitsOf = (given: RunLimits | undefined): Required<RunLimits> => ({
  historyEvents: 4000,
  historyBytes: 2 * 1024 * 1024,
  graceMs: 60_000,
  alwaysMs: 600_000,
  inFlight: 100,
  ...given,
});

export const contextOf = (input: RunInput, skeleton: Skeleton, workflowId: string, role: RunContext['role']): RunContext => ({
  project: input.project,
  runId: input.runId,
  pipeline: input.pipeline,
  partition: input.partition,
  backfill: input.backfill ?? null,
  workflowId,
  limits: limitsOf(input.limits),
  givenLimits: input.limits ?? {},
  role,
  planHash: input.planHash,
  skeleton,
});
