/** Starts the Temporal workflow of a run whose row is in the catalog. Safe to do again. Server only. */
import { isGrpcServiceError, WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { getPlan } from '../../catalog/plans.ts';
import { markStarted, type RunRow } from '../../catalog/runs.ts';
import type { RunInput } from '../../dsl/contract/run.ts';
import { controlQueueOf } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import type { ServerParts } from '../server-parts.ts';
import { searchAttributesOf } from './search-attributes.ts';

/** A skeleton that is larger with its parameters is left out of the argument; the interpreter loads it. Payloads end at 2 MiB. */
const INPUT_BYTES = 1024 * 1024;

export function runInputOf(run: RunRow, plan: Plan): RunInput {
  const small = Buffer.byteLength(JSON.stringify([plan.skeleton, run.params])) <= INPUT_BYTES;
  return { ...leanInputOf(run), ...(small && { skeleton: plan.skeleton }) };
}

/** Without the skeleton, which the interpreter then loads. */
export function leanInputOf(run: RunRow): RunInput {
  return {
    project: run.project,
    runId: run.runId,
    pipeline: run.pipeline,
    planHash: run.planHash,
    params: run.params,
    partition: run.scope,
    ...(run.parent && { parent: run.parent }),
    ...(run.backfill !== null && { backfill: run.backfill }),
    // what was taken over lies in the catalog, as what a try before has left
    ...((run.retry > 0 || run.reuseOf !== null) && { retryOf: run.retry }),
    ...(!run.cache && { cache: false }),
  };
}

/**
 * Starts the workflow and marks the run as running. A workflow of this run and retry that is there already counts as started.
 * Temporal being away is no error: the row stays 'starting' and the reconciler goes on. True when it is known to run.
 */
export async function startWorkflow(parts: Pick<ServerParts, 'catalog' | 'temporal' | 'log' | 'metrics'>, run: RunRow): Promise<boolean> {
  const plan = await getPlan(parts.catalog.db, run.planHash);
  if (!plan) throw new HeddleError('HDL-NO-PLAN', { what: `Run ${run.runId} needs plan ${run.planHash}, which the catalog does not hold.` });
  try {
    await parts.temporal.withDeadline(Date.now() + 5_000, () =>
      parts.temporal.workflow.start(run.pipeline, {
        workflowId: run.workflowId,
        taskQueue: controlQueueOf(run.project),
        args: [runInputOf(run, plan)],
        typedSearchAttributes: searchAttributesOf(run),
        workflowIdReusePolicy: run.retry > 0 ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
        staticSummary: `${run.pipeline}${run.partition === null ? '' : ` ${run.partition}`}${run.retry > 0 ? ` (retry ${run.retry})` : ''}`.slice(0, 200),
        staticDetails: `Heddle run \`${run.runId}\`, started by ${run.startedBy}`,
        memo: { heddleRetry: run.retry },
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      if (run.retry > 0 && (await retryOfWorkflow(parts.temporal, run.workflowId)) !== run.retry) return false; // the try before is still closing
    } else if (isUnavailable(error) || isNotYetKnown(error)) {
      parts.log.warn({ runId: run.runId, error: String(error) }, 'Temporal does not answer; the run starts when it does');
      return false;
    } else throw error;
  }
  const now = Date.now();
  await markStarted(parts.catalog.db, run.runId, now);
  parts.metrics.scheduleDelay.observe(Math.max(0, now - run.touchedAt) / 1000);
  return true;
}

/** Which retry the newest workflow of this id belongs to. */
export async function retryOfWorkflow(temporal: Client, workflowId: string): Promise<number> {
  const description = await temporal.workflow.getHandle(workflowId).describe();
  return Number(description.memo?.['heddleRetry'] ?? 0);
}

/** UNAVAILABLE (14), DEADLINE_EXCEEDED (4), RESOURCE_EXHAUSTED (8), CANCELLED (1, the connection went). */
export const isUnavailable = (error: unknown): boolean => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (isGrpcServiceError(cause) && [1, 4, 8, 14].includes(cause.code)) return true;
  return false;
};

/** Temporal takes up to a minute to know search attributes that were just registered (the embedded one is at once). */
const isNotYetKnown = (error: unknown): boolean => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) if (/search attribute/i.test(cause.message)) return true;
  return false;
};
