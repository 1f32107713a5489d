/** Retries a run that failed or was cancelled: the same run id, a new workflow, finished outputs taken over. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import { forgetMissingPins } from '../../catalog/pins.ts';
import { getRun, reopenRun, type RunRow } from '../../catalog/runs.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { refuseInPage } from '../backfills/in-page.ts';
import { planOf } from './start-run.ts';
import { startWorkflow } from './start-workflow.ts';

/** Throws HDL-RUN-OPEN for a run that is not over or is done, HDL-NO-PLAN. */
export async function retryRun(parts: ServerParts, who: Identity, run: RunRow, planHash: string | undefined): Promise<void> {
  if (run.status !== 'done') refuseInPage(run, 'retried');
  if (planHash !== undefined) await planOf(parts, run.pipeline, planHash);
  const now = Date.now();
  const retry = await parts.catalog.transaction(async (trx) => {
    const number = await reopenRun(trx, run.runId, planHash ?? run.planHash, now);
    if (number === undefined) return undefined;
    await forgetMissingPins(trx, run.runId);
    await addAudit(trx, {
      project: run.project,
      at: now,
      who: who.name,
      action: 'retry',
      target: run.runId,
      detail: { retry: number, planHash: planHash ?? run.planHash },
    });
    return number;
  });
  const row = await getRun(parts.catalog.db, run.runId);
  if (retry === undefined || !row) {
    throw new HeddleError('HDL-RUN-OPEN', {
      what: `Run ${run.runId} is ${row?.status === 'done' ? 'done: there is nothing to retry' : 'not over'}.`,
      where: `pipeline ${run.pipeline}`,
    });
  }
  // The record is a workflow's last act, so the workflow before may be closing still. The reconciler goes on where this ends.
  for (let tries = 0; tries < 20; tries++) {
    if (await startWorkflow(parts, row)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
