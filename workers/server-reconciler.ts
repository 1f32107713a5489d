/**
 * The reconciler: starts runs whose workflow never started (the server died between row and start), closes runs whose workflow
 * ended without a record (terminated, timed out, gone). Server only.
 */
import { WorkflowNotFoundError } from '@temporalio/common';
import { closeRun } from '../api/runs/close-run.ts';
import { isOver } from '../api/runs/run-detail.ts';
import { statusAttribute } from '../api/runs/search-attributes.ts';
import { isUnavailable, retryOfWorkflow, startWorkflow } from '../api/runs/start-workflow.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { getRun, openRuns, setRunStatus, type RunRow } from '../catalog/runs.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import { startLoop, type Loop } from './server-loop.ts';

const BATCH = 100;
const STARTING_MS = 5_000;
/** A record follows its workflow's end by at most this; a run touched later than that is left alone. */
const SETTLE_MS = 10_000;

/** So many runs of a pass without an answer: Temporal is away, and the pass ends. */
const GIVE_UP_AFTER = 2;

export function startReconciler(parts: ServerParts, everyMs = 2_000): Loop {
  let cursor = '';
  return startLoop('reconciler', everyMs, parts.log, async () => {
    cursor = await reconcilePass(parts, Date.now(), cursor);
  });
}

/** Looks at the next open runs behind the cursor; gives the next cursor, '' to begin again. */
export async function reconcilePass(parts: ServerParts, now: number, cursor: string, settleMs = SETTLE_MS): Promise<string> {
  const runs = await openRuns(parts.catalog.db, parts.config.project, BATCH, cursor);
  let unanswered = 0;
  for (const run of runs) {
    try {
      await reconcile(parts, run, now, settleMs);
      unanswered = 0;
    } catch (error) {
      parts.log.warn({ runId: run.runId, error: String(error) }, 'a run could not be reconciled');
      unanswered = isUnavailable(error) ? unanswered + 1 : 0;
      // Each call waits for seconds: the next pass begins behind this run, so one that never answers holds up no other.
      if (unanswered >= GIVE_UP_AFTER) return run.runId;
    }
  }
  return runs.length < BATCH ? '' : (runs.at(-1)?.runId ?? '');
}

async function reconcile(parts: ServerParts, run: RunRow, now: number, settleMs: number): Promise<void> {
  if (run.status === 'starting' && run.backfill !== null && run.called) return; // its turn in the backfill has not come, or its page tells
  if (run.status === 'starting' && !run.called) {
    if (now - run.touchedAt < Math.min(STARTING_MS, settleMs)) return;
    try {
      await startWorkflow(parts, run);
    } catch (error) {
      if (!isHeddleError(error)) throw error; // what has a code will not get better
      await closeRun(parts, run, { status: 'failed', message: error.what, code: error.code });
    }
    return;
  }
  if (now - run.touchedAt < settleMs) return;
  const end = await endWithoutRecord(parts, run);
  if (!end) return;
  // Between the look at the row and the look at the workflow the record may have come: closeRun looks again.
  await closeRun(parts, run, { ...end, code: 'HDL-RUN-LOST' });
}

async function endWithoutRecord(parts: ServerParts, run: RunRow): Promise<{ status: 'failed' | 'cancelled'; message: string } | undefined> {
  const { temporal } = parts;
  try {
    const { status, closeTime, typedSearchAttributes } = await temporal.withDeadline(Date.now() + 5_000, () =>
      temporal.workflow.getHandle(run.workflowId).describe(),
    );
    // A run that paused itself on a failure says so in its search attribute: lists show it without asking each run.
    const shown = typedSearchAttributes.get(statusAttribute);
    if (status.name === 'RUNNING' && (shown === 'paused' || shown === 'running') && shown !== run.status)
      await setRunStatus(parts.catalog.db, run.runId, shown, Date.now());
    if (status.name === 'RUNNING' || status.name === 'PAUSED' || !closeTime || Date.now() - closeTime.getTime() < 2_000) return undefined;
    // That one is of the try before: a called run's next is its parent's matter.
    if (run.retry > 0 && (await retryOfWorkflow(temporal, run.workflowId)) !== run.retry && (!run.called || (await parentIsOpen(parts, run)))) return undefined;
    if (status.name === 'TERMINATED') return { status: 'cancelled', message: 'The workflow was terminated in Temporal.' };
    return { status: 'failed', message: `The workflow ended as ${status.name} without a record.` };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (run.called && (await parentIsOpen(parts, run))) return undefined; // its parent has yet to start it
    return { status: 'failed', message: 'The workflow is gone from Temporal: its state was lost, or its retention has passed.' };
  }
}

async function parentIsOpen(parts: ServerParts, run: RunRow): Promise<boolean> {
  const parent = run.parent && (await getRun(parts.catalog.db, run.parent.runId));
  return parent ? !isOver(parent) : false;
}
