/** Pauses, resumes and cancels a backfill, and plans its dead list anew. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import { beginSpending, listOutcomes } from '../../catalog/backfill-outcomes.ts';
import { getPage, moveBackfill, pageHeads, type BackfillRow } from '../../catalog/backfills.ts';
import { backfillMessages, backfillWorkflowId, type BackfillControl, type BackfillState, type CellOutcome } from '../../dsl/contract/backfill.ts';
import type { ControlAnswer } from '../../dsl/contract/run.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { planBackfill, requireBackfill } from './plan-backfill.ts';

const FROM: Readonly<Record<BackfillControl['kind'], readonly BackfillState[]>> = {
  pause: ['running'],
  resume: ['paused'],
  cancel: ['running', 'paused', 'cancelling'],
};

/** Throws HDL-NO-BACKFILL, HDL-BACKFILL-STATE. */
export async function controlBackfill(parts: ServerParts, who: Identity, id: string, message: BackfillControl): Promise<BackfillRow> {
  const backfill = await requireBackfill(parts, id);
  const { db } = parts.catalog;
  if (message.kind === 'cancel' && backfill.state === 'planned') {
    await moveBackfill(db, id, ['planned'], 'cancelled', { endedAt: Date.now(), why: `cancelled by ${who.name}` });
    return requireBackfill(parts, id);
  }
  if (!FROM[message.kind].includes(backfill.state))
    throw new HeddleError('HDL-BACKFILL-STATE', { what: `Backfill ${id} is ${backfill.state}: it cannot be ${PAST[message.kind]}.` });
  const now = Date.now();
  if (message.kind === 'resume') await beginSpending(db, id, now);
  const handle = parts.temporal.workflow.getHandle(backfillWorkflowId(backfill.project, id));
  const answer = await parts.temporal.withDeadline(now + 10_000, () =>
    handle.executeUpdate<ControlAnswer, [BackfillControl]>(backfillMessages.control, { args: [message] }),
  );
  if (!answer.ok) throw new HeddleError('HDL-BACKFILL-STATE', { what: `Backfill ${id}: ${answer.why}.` });
  const to: BackfillState = message.kind === 'pause' ? 'paused' : message.kind === 'resume' ? 'running' : 'cancelling';
  await parts.catalog.transaction(async (trx) => {
    await moveBackfill(trx, id, FROM[message.kind], to, {
      why: message.kind === 'pause' ? message.why : message.kind === 'cancel' ? `cancelled by ${who.name}` : null,
    });
    await addAudit(trx, { project: backfill.project, at: now, who: who.name, action: `backfill ${message.kind}`, target: id, detail: {} });
  });
  return requireBackfill(parts, id);
}
const PAST: Readonly<Record<BackfillControl['kind'], string>> = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' };

export interface DeadCell {
  readonly pipeline: string;
  readonly key: string;
  readonly status: CellOutcome['status'];
  readonly runId: string | null;
  readonly failure: CellOutcome['failure'];
}

/** Cells that failed, were blocked behind one that did, or were cancelled, in the order of the plan. */
export async function deadList(parts: Pick<ServerParts, 'catalog'>, id: string, limit: number): Promise<DeadCell[]> {
  const { db } = parts.catalog;
  const outcomes = await listOutcomes(db, id, { statuses: ['failed', 'blocked', 'cancelled'], after: -1, limit });
  if (outcomes.length === 0) return [];
  const heads = await pageHeads(db, id);
  const dead: DeadCell[] = [];
  let at = 0;
  let keys = new Map<number, string>();
  for (const outcome of outcomes) {
    while (at < heads.length && outcome.cell >= (heads[at]?.firstCell ?? 0) + (heads[at]?.count ?? 0)) at++;
    const head = heads[at];
    if (!head) break;
    if (!keys.has(outcome.cell)) keys = new Map((await getPage(db, id, head.page))?.cells.map(({ cell, key }) => [cell, key]));
    dead.push({ pipeline: head.pipeline, key: keys.get(outcome.cell) ?? '', status: outcome.status, runId: outcome.runId, failure: outcome.failure });
  }
  return dead;
}

const MOST_DEAD = 100_000;

/** A new plan over what did not end well; whatever is good by now is left alone. Throws HDL-BACKFILL-STATE, HDL-BACKFILL-EMPTY. */
export async function redoBackfill(parts: ServerParts, who: Identity, id: string): Promise<BackfillRow> {
  const backfill = await requireBackfill(parts, id);
  if (backfill.state !== 'done' && backfill.state !== 'cancelled')
    throw new HeddleError('HDL-BACKFILL-STATE', {
      what: `Backfill ${id} is ${backfill.state}: its dead list is not complete.`,
      fix: 'Wait for its end, or cancel it.',
    });
  const dead = await deadList(parts, id, MOST_DEAD);
  const keys = dead.filter(({ pipeline }) => pipeline === backfill.pipeline).map(({ key }) => key);
  if (keys.length === 0)
    throw new HeddleError('HDL-BACKFILL-EMPTY', {
      what: `Backfill ${id} has no cell that failed, was blocked or cancelled.`,
      fix: 'There is nothing to redo.',
    });
  return planBackfill(parts, who, { ...backfill.spec, from: null, to: null, keys, only: null }, id);
}
