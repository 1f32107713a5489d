/** Starts a planned backfill, if the plan still holds; and its root workflow, again where that was lost. Server only. */
import { WorkflowExecutionAlreadyStartedError, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { addAudit } from '../../catalog/audit.ts';
import { moveBackfill, type BackfillRow } from '../../catalog/backfills.ts';
import { BACKFILL_WORKFLOW, backfillWorkflowId, type BackfillInput } from '../../dsl/contract/backfill.ts';
import { searchAttributeNames } from '../../dsl/contract/search-attributes.ts';
import { controlQueueOf } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Identity } from '../auth/tokens.ts';
import { isUnavailable } from '../runs/start-workflow.ts';
import type { ServerParts } from '../server-parts.ts';
import { planAgain, requireBackfill, type PlanDifference } from './plan-backfill.ts';

const CONFIRM_ABOVE = 1_000;
/** Behind scheduled and manual runs (3) wherever they wait in one queue of Temporal's. */
const PRIORITY = 5;

/** Throws HDL-NO-BACKFILL, HDL-BACKFILL-STATE, -EXPIRED, -EMPTY, -CONFIRM, -CHANGED; then nothing was started. */
export async function startBackfill(parts: ServerParts, who: Identity, id: string, confirm: number | undefined): Promise<BackfillRow> {
  const backfill = await requireBackfill(parts, id);
  const now = Date.now();
  if (backfill.state !== 'planned')
    throw new HeddleError('HDL-BACKFILL-STATE', {
      what: `Backfill ${id} is ${backfill.state}: it cannot be started again.`,
      fix: 'Plan another one: heddle backfill plan.',
    });
  if (now > backfill.expiresAt) {
    await moveBackfill(parts.catalog.db, id, ['planned'], 'expired');
    throw new HeddleError('HDL-BACKFILL-EXPIRED', { what: `The plan ${id} was made ${Math.round((now - backfill.createdAt) / 3_600_000)} hours ago.` });
  }
  if (backfill.cells === 0) throw new HeddleError('HDL-BACKFILL-EMPTY', { what: `The plan ${id} has no cell to run.` });
  const above = parts.config.backfill?.confirmAbove ?? CONFIRM_ABOVE;
  if (backfill.cells > above && confirm !== backfill.cells)
    throw new HeddleError('HDL-BACKFILL-CONFIRM', {
      what: `The backfill has ${backfill.cells} cells${confirm === undefined ? '' : `, not ${confirm}`}.`,
      fix: `heddle backfill start ${id} --confirm ${backfill.cells}`,
    });
  const { differences } = await planAgain(parts, backfill);
  if (differences.length > 0) throw new HeddleError('HDL-BACKFILL-CHANGED', { what: differenceText(differences) });
  const started = await parts.catalog.transaction(async (trx) => {
    const moved = await moveBackfill(trx, id, ['planned'], 'running', { startedAt: now });
    if (moved)
      await addAudit(trx, {
        project: backfill.project,
        at: now,
        who: who.name,
        action: 'backfill start',
        target: id,
        detail: { pipeline: backfill.pipeline, cells: backfill.cells },
      });
    return moved;
  });
  if (!started) throw new HeddleError('HDL-BACKFILL-STATE', { what: `Backfill ${id} was started by somebody else at this moment.` });
  const row = await requireBackfill(parts, id);
  await startRoot(parts, row);
  return row;
}

const SHOWN = 5;
function differenceText(differences: readonly PlanDifference[]): string {
  const some = differences
    .slice(0, SHOWN)
    .map(({ key, was, now }) =>
      now === null ? `${key} was ${was?.why ?? ''} and is left alone now` : `${key} is ${now.why} now${was === null ? '' : `, and was ${was.why}`}`,
    );
  const more = differences.length - some.length;
  return `${differences.length} ${differences.length === 1 ? 'cell differs' : 'cells differ'} from the plan: ${some.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/** One that is there already counts. Temporal being away is no error: the server's loop starts it later. */
export async function startRoot(parts: Pick<ServerParts, 'temporal' | 'log'>, backfill: BackfillRow): Promise<void> {
  const { project, id } = backfill;
  const input: BackfillInput = {
    project,
    backfill: id,
    rules: backfill.spec.run,
    ...(backfill.state === 'paused' && { carry: { open: {}, paused: backfill.why ?? 'paused', cancelled: false, tokens: 0 } }),
  };
  try {
    await parts.temporal.withDeadline(Date.now() + 5_000, () =>
      parts.temporal.workflow.start(BACKFILL_WORKFLOW, {
        workflowId: backfillWorkflowId(project, id),
        taskQueue: controlQueueOf(project),
        args: [input],
        priority: { priorityKey: PRIORITY },
        typedSearchAttributes: [
          { key: keyword(searchAttributeNames.project), value: project },
          { key: keyword(searchAttributeNames.backfill), value: id },
        ],
        staticSummary: `backfill of ${backfill.pipeline}, ${backfill.cells} cells`,
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    if (!isUnavailable(error)) throw error;
    parts.log.warn({ backfill: id, error: String(error) }, 'Temporal does not answer; the backfill starts when it does');
  }
}
