/** Backfills whose root workflow is lost: it is started (the server died between row and start), or begun again from the catalog. Server only. */
import { WorkflowNotFoundError } from '@temporalio/common';
import { finishBackfill } from '../api/backfills/finish-backfill.ts';
import { startRoot } from '../api/backfills/start-backfill.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { listBackfills, type BackfillRow } from '../catalog/backfills.ts';
import { backfillWorkflowId } from '../dsl/contract/backfill.ts';
import { startLoop, type Loop } from './server-loop.ts';

const SETTLE_MS = 10_000;

export const startBackfills = (parts: ServerParts, everyMs = 5_000): Loop => startLoop('backfills', everyMs, parts.log, () => backfillsPass(parts, Date.now()));

export async function backfillsPass(parts: ServerParts, now: number, settleMs = SETTLE_MS): Promise<void> {
  const open = await listBackfills(parts.catalog.db, { project: parts.config.project, states: ['running', 'paused', 'cancelling'], limit: 100 });
  for (const backfill of open) {
    if (now - (backfill.startedAt ?? now) < settleMs || (await isRunning(parts, backfill))) continue;
    parts.log.warn({ backfill: backfill.id }, 'the workflow of a backfill is not there; it goes on from what the catalog holds');
    if (backfill.state === 'cancelling') await finishBackfill(parts, backfill.id, true);
    else await startRoot(parts, backfill);
  }
}

async function isRunning(parts: ServerParts, { project, id }: BackfillRow): Promise<boolean> {
  try {
    const { status } = await parts.temporal.withDeadline(Date.now() + 5_000, () =>
      parts.temporal.workflow.getHandle(backfillWorkflowId(project, id)).describe(),
    );
    return status.name === 'RUNNING' || status.name === 'PAUSED' || status.name === 'CONTINUED_AS_NEW';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
