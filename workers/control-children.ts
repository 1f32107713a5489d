/**
 * Control activities heddle.prepare_child and heddle.start_child. The run id comes from parent and step, so that doing them
 * again finds the same run. Server only.
 */
import type { ServerParts } from '../api/server-parts.ts';
import { checkParams } from '../api/runs/check-params.ts';
import { checkPartition, partitionKeys } from '../api/runs/check-partition.ts';
import { isOver } from '../api/runs/run-detail.ts';
import { leanInputOf, startWorkflow } from '../api/runs/start-workflow.ts';
import { workflowIdFor } from '../api/runs/workflow-id.ts';
import { childRunId } from '../catalog/ids.ts';
import { addRun, getRun, markStarted, reopenRun, type NewRun, type RunRow } from '../catalog/runs.ts';
import type { ControlActivities, PrepareChildCall } from '../dsl/contract/control.ts';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import type { Json, Plan } from '../dsl/plan/types.ts';
import { finalFailure } from './control-failure.ts';
import { planByHash } from './control-plans.ts';

/** For a called pipeline: the interpreter starts it as a child workflow, without a skeleton, which that loads. */
export const prepareChild =
  (parts: ServerParts): ControlActivities['heddle.prepare_child'] =>
  async (call) => {
    const asked = await childOf(parts, call, true);
    let run = await childRow(parts, asked);
    // The parent was retried: the child goes on from what it had finished.
    if (isOver(run) && run.status !== 'done') {
      await reopenRun(parts.catalog.db, run.runId, call.planHash, Date.now(), asked.params);
      run = (await getRun(parts.catalog.db, run.runId)) ?? run;
    }
    await markStarted(parts.catalog.db, run.runId, Date.now());
    const retryOf = run.status === 'done' ? run.retry + 1 : run.retry;
    return { ...leanInputOf({ ...run, retry: retryOf }), workflowId: run.workflowId };
  };

/** For `.start`: the run lives by itself from here. */
export const startChild =
  (parts: ServerParts): ControlActivities['heddle.start_child'] =>
  async (call) => {
    const run = await childRow(parts, await childOf(parts, call, false));
    if (run.status === 'starting') await startWorkflow(parts, run);
    return { runId: run.runId };
  };

/** The run that the call asks for. A parent that was mended may call with other arguments: that is another run, which takes nothing over. */
async function childOf(parts: ServerParts, call: PrepareChildCall, called: boolean): Promise<NewRun> {
  const [plan, parent] = await Promise.all([planByHash(parts, call.planHash), getRun(parts.catalog.db, call.parent.runId)]);
  try {
    const params = checkParams(plan, call.params);
    const scope = checkPartition(plan, partitionKeys(plan, call.partition));
    const partition = scope?.key ?? null;
    const first = childRunId(call.parent.runId, call.parent.step);
    const before = await getRun(parts.catalog.db, first);
    const isOther = before !== undefined && (before.partition !== partition || canonicalJson(filled(plan, before.params)) !== canonicalJson(params));
    const runId = isOther ? childRunId(call.parent.runId, `${call.parent.step}\0${canonicalJson([params, partition])}`) : first;
    return {
      runId,
      project: call.project,
      pipeline: plan.name,
      partition,
      scope,
      planHash: call.planHash,
      params,
      startedBy: parent?.startedBy ?? 'heddle',
      createdAt: Date.now(),
      workflowId: workflowIdFor(call.project, plan.name, partition, runId),
      parent: { runId: call.parent.runId, step: call.parent.step },
      called,
      backfill: parent?.backfill ?? null,
      cache: parent?.cache ?? true,
    };
  } catch (error) {
    if (isHeddleError(error) && (error.code === 'HDL-BAD-PARAMS' || error.code === 'HDL-BAD-PARTITION')) throw finalFailure(error, 'user');
    throw error;
  }
}

/** Parameters from before as this plan would have filled them; null where they do not fit it. */
function filled(plan: Plan, params: Json): Json {
  try {
    return checkParams(plan, params);
  } catch {
    return null;
  }
}

async function childRow(parts: ServerParts, run: NewRun): Promise<RunRow> {
  await addRun(parts.catalog.db, run);
  const row = await getRun(parts.catalog.db, run.runId);
  if (!row) throw new HeddleError('HDL-NO-RUN', { what: `The run ${run.runId} was written but is not there.` });
  return row;
}
