/**
 * What a workflow and those of its children say to each other that outlive its continue-as-new: chunks of list maps, and
 * long steps (docs/decisions/04-children.md). Pure types and names. Sandbox.
 */
import type { Json, PlanNode, Skeleton } from '../../dsl/plan/types.ts';
import type { PartitionScope, RunLimits } from '../../dsl/contract/run.ts';
import type { AttemptMeta, StepFailure } from '../../dsl/contract/step.ts';
import type { SchedulerEvent } from '../scheduler/messages.ts';
import type { RunMarks } from './run-context.ts';

/** Workflow type of a long step. */
export const LONG_STEP_WORKFLOW = 'heddle.step';

/** Names of the signals. */
export const childSignals = {
  /** Child to parent, before it closes: ChildReport. */
  reported: 'heddle.reported',
  /** Parent to child; says nothing. That it cannot be sent says that the child is closed. */
  asked: 'heddle.asked',
  /** Parent to chunk: boolean, whether it starts anything new. */
  held: 'heddle.held',
} as const;

export interface ReportTo {
  readonly workflowId: string;
  /** Tells this child from another one of the same step. */
  readonly token: string;
}
export interface ChildReport {
  readonly step: string;
  readonly token: string;
  readonly result: ChildResult;
}
export type ChildResult =
  | { readonly type: 'done'; readonly output: Json; readonly meta: AttemptMeta | null }
  | { readonly type: 'chunk-done'; readonly results: Extract<SchedulerEvent, { type: 'chunk-done' }>['results'] }
  | { readonly type: 'failed'; readonly failure: StepFailure }
  | { readonly type: 'cancelled'; readonly abandoned: boolean };

/** Argument of a long step's workflow: one node whose values are literal. */
export interface LongStepInput {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly planHash: string;
  readonly partition: PartitionScope | null;
  readonly node: PlanNode;
  readonly tasks: Skeleton['tasks'];
  readonly calls: Skeleton['calls'];
  readonly limits: RunLimits;
  readonly marks: RunMarks;
  /** Attempts of the step's rounds before this one. */
  readonly earlier: number;
  readonly reportTo: ReportTo;
}
