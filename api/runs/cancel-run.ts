/** Cancels a run: asks the workflow, which lets activities end and runs `always`; `force` terminates and closes the run at once. Server only. */
import { WorkflowNotFoundError } from '@temporalio/common';
import { addAudit } from '../../catalog/audit.ts';
import { openCalledRuns, type RunRow } from '../../catalog/runs.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { refuseInPage } from '../backfills/in-page.ts';
import { closeRun } from './close-run.ts';
import { forEachPart } from './parts-of-run.ts';
import { isOver } from './run-detail.ts';
import { isUnavailable, startWorkflow } from './start-workflow.ts';

/** Throws HDL-RUN-ENDED, HDL-RUN-UNREACHABLE. */
export async function cancelRun(
  parts: ServerParts,
  who: Identity,
  run: RunRow,
  options: { readonly reason?: string | undefined; readonly force?: boolean | undefined },
): Promise<void> {
  if (isOver(run)) throw new HeddleError('HDL-RUN-ENDED', { what: `Run ${run.runId} is over: ${run.status}.`, where: `pipeline ${run.pipeline}` });
  refuseInPage(run, 'cancelled');
  const reason = options.reason ?? `cancelled by ${who.name}`;
  const handle = parts.temporal.workflow.getHandle(run.workflowId);
  try {
    // There must be something to cancel: of a retry whose workflow is not there yet, the cancel would go to the one before.
    if (run.status === 'starting' && !run.called && !(await startWorkflow(parts, run)))
      throw new HeddleError('HDL-RUN-UNREACHABLE', {
        what: `Run ${run.runId} is about to start, and cannot be cancelled before it has: Temporal is away, or its workflow before is still closing.`,
        where: `workflow ${run.workflowId}`,
      });
    await parts.temporal.withDeadline(Date.now() + 10_000, async () => {
      await (options.force ? handle.terminate(reason) : handle.cancel());
    });
  } catch (error) {
    if (isUnavailable(error))
      throw new HeddleError('HDL-RUN-UNREACHABLE', {
        what: `Temporal did not take the cancel of run ${run.runId}.`,
        where: `workflow ${run.workflowId}`,
        cause: error,
      });
    if (!(error instanceof WorkflowNotFoundError)) throw error; // a workflow that is gone is closed by the reconciler, or here by force
  }
  await addAudit(parts.catalog.db, {
    project: run.project,
    at: Date.now(),
    who: who.name,
    action: options.force ? 'cancel --force' : 'cancel',
    target: run.runId,
    detail: { reason },
  });
  if (options.force) await endByForce(parts, who, run, reason);
}

/** Parts of the run (chunks of maps) and the runs that it called end with it. */
async function endByForce(parts: ServerParts, who: Identity, run: RunRow, reason: string): Promise<void> {
  await forEachPart(parts.temporal, run.runId, (part) => part.terminate(reason));
  for (const called of await openCalledRuns(parts.catalog.db, run.runId)) await cancelRun(parts, who, called, { reason, force: true });
  await closeRun(parts, run, { status: 'cancelled', message: reason, code: 'HDL-RUN-LOST' });
}
