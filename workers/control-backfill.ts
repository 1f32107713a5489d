/** Control activities of backfills: what root and pages ask of the server. Each is idempotent. Server only. */
import { WorkflowNotFoundError } from '@temporalio/common';
import { finishBackfill } from '../api/backfills/finish-backfill.ts';
import { isInline } from '../api/backfills/inline-plan.ts';
import { openCells } from '../api/backfills/open-cells.ts';
import { recordCells } from '../api/backfills/record-cells.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { dayWindow } from '../calendar/day-window.ts';
import { moveBackfill, pageHeads } from '../catalog/backfills.ts';
import { getPlan } from '../catalog/plans.ts';
import { backfillWorkflowId, type BackfillActivities } from '../dsl/contract/backfill.ts';

export const backfillActivities = (parts: ServerParts): BackfillActivities => ({
  'heddle.backfill_pages': async ({ backfill }) => {
    const heads = await pageHeads(parts.catalog.db, backfill);
    const batches = await batchesOf(parts, new Set(heads.map(({ planHash }) => planHash)));
    return {
      pages: heads.map(({ page, after, count, planHash }) => ({ page, after, cells: count, ...batches.get(planHash) })),
      ended: heads.filter(({ ended, count }) => ended >= count).map(({ page }) => page),
    };
  },
  'heddle.open_cells': (call) => openCells(parts, call),
  'heddle.record_cells': (call) => recordCells(parts, call),
  'heddle.closed_pages': async ({ project, backfill, pages }) => {
    const closed: number[] = [];
    for (const page of pages) if (await isClosed(parts, `${backfillWorkflowId(project, backfill)}/page/${page}`)) closed.push(page);
    return { closed };
  },
  'heddle.backfill_window': async (window) => dayWindow(window, Date.now()),
  'heddle.backfill_state': async ({ backfill, state, why }) => {
    await moveBackfill(parts.catalog.db, backfill, state === 'running' ? ['paused'] : ['running', 'paused'], state, { why });
  },
  'heddle.finish_backfill': ({ backfill, cancelled }) => finishBackfill(parts, backfill, cancelled),
});

/** Of plans that run in their page and have a task that takes many partitions at once. */
async function batchesOf(parts: ServerParts, hashes: ReadonlySet<string>): Promise<Map<string, { readonly batch: number }>> {
  const found = new Map<string, { readonly batch: number }>();
  for (const hash of hashes) {
    const skeleton = (await getPlan(parts.catalog.db, hash))?.skeleton;
    const batch = Math.max(0, ...Object.values(skeleton?.tasks ?? {}).map((rules) => rules.batch ?? 0));
    if (skeleton && batch > 0 && isInline(skeleton)) found.set(hash, { batch });
  }
  return found;
}

async function isClosed(parts: ServerParts, workflowId: string): Promise<boolean> {
  try {
    const { status } = await parts.temporal.withDeadline(Date.now() + 5_000, () => parts.temporal.workflow.getHandle(workflowId).describe());
    return status.name !== 'RUNNING' && status.name !== 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}
