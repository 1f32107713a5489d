/** The end of a backfill: the plan against the store, what it took beside the estimate, and one message. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import { getPage, moveBackfill, pageHeads } from '../../catalog/backfills.ts';
import { removeUnstarted } from '../../catalog/runs.ts';
import { listOutcomes, outcomesOfCells } from '../../catalog/backfill-outcomes.ts';
import type { Json } from '../../dsl/plan/types.ts';
import type { ServerParts } from '../server-parts.ts';
import type { BackfillSummary } from './plan-backfill.ts';
import { makePlan, requireBackfill } from './plan-backfill.ts';
import type { Estimate } from './estimate.ts';

export interface BackfillReport {
  readonly done: number;
  readonly failed: number;
  readonly blocked: number;
  readonly cancelled: number;
  /** Cells that never began. */
  readonly left: number;
  readonly wallMs: number;
  /** 'pool/class' -> ms. */
  readonly slotMs: Readonly<Record<string, number>>;
  readonly estimate: Estimate | null;
  /** Cells said to be done, for which the store has nothing good: none, if all is well. */
  readonly gaps: readonly { readonly pipeline: string; readonly key: string; readonly why: string }[];
  readonly gapCount: number;
  /** Published partitions behind it that are stale now. */
  readonly downstream: BackfillSummary['downstream'];
}

const MOST_GAPS = 1_000;

export async function finishBackfill(parts: ServerParts, id: string, cancelled: boolean): Promise<void> {
  const backfill = await requireBackfill(parts, id);
  if (backfill.state === 'done' || backfill.state === 'cancelled') return;
  const { db } = parts.catalog;
  const now = Date.now();
  const slotMs: Record<string, number> = {};
  for (let after = -1; ;) {
    const outcomes = await listOutcomes(db, id, { statuses: ['done', 'failed', 'cancelled'], after, limit: 5_000 });
    for (const one of outcomes) for (const [place, ms] of Object.entries(one.slotMs)) slotMs[place] = (slotMs[place] ?? 0) + ms;
    const last = outcomes.at(-1);
    if (!last || outcomes.length < 5_000) break;
    after = last.cell;
  }
  const { gaps, downstream } = await againstStore(parts, id, now);
  const { counts } = backfill;
  const report: BackfillReport = {
    ...counts,
    left: backfill.cells - counts.done - counts.failed - counts.blocked - counts.cancelled,
    wallMs: now - (backfill.startedAt ?? now),
    slotMs,
    estimate: (backfill.summary as unknown as BackfillSummary).estimate, // as the planner wrote it
    gaps: gaps.slice(0, MOST_GAPS),
    gapCount: gaps.length,
    downstream,
  };
  const state = cancelled ? 'cancelled' : 'done';
  await parts.catalog.transaction(async (trx) => {
    await removeUnstarted(trx, id);
    const moved = await moveBackfill(trx, id, ['running', 'paused', 'cancelling'], state, { endedAt: now, report: report as unknown as Json }); // plain JSON
    if (!moved) return;
    await addAudit(trx, {
      project: backfill.project,
      at: now,
      who: 'heddle',
      action: `backfill ${state}`,
      target: id,
      detail: { ...counts, gaps: gaps.length },
    });
    const failed = counts.failed + counts.blocked + gaps.length > 0;
    await parts.notify(trx, failed ? 'failed' : 'done', `backfill/${id}`, {
      backfill: id,
      pipeline: backfill.pipeline,
      state,
      ...counts,
      left: report.left,
      gaps: gaps.length,
    });
  });
}

/** Plans once more: a cell that is done and yet to be run is a gap. */
async function againstStore(parts: ServerParts, id: string, now: number): Promise<Pick<BackfillReport, 'gaps' | 'downstream'>> {
  const { spec, summary } = await requireBackfill(parts, id);
  const { planned } = await makePlan(parts, { ...spec, force: false, only: null, overlap: 'share' }, now, id);
  const reasons = new Map(
    planned.flatMap(({ facts, decisions }) =>
      decisions.map(({ key, do: todo, leave }) => [`${facts.pipeline} ${key}`, todo?.why ?? (leave?.why === 'good' ? null : leave?.why)] as const),
    ),
  );
  const gaps: { pipeline: string; key: string; why: string }[] = [];
  for (const { page, pipeline } of await pageHeads(parts.catalog.db, id)) {
    const cells = (await getPage(parts.catalog.db, id, page))?.cells ?? [];
    const outcomes = await outcomesOfCells(
      parts.catalog.db,
      id,
      cells.map(({ cell }) => cell),
    );
    for (const { cell, key } of cells) {
      const why = reasons.get(`${pipeline} ${key}`);
      if (outcomes.get(cell) === 'done' && why !== null && why !== undefined && why !== 'upstream') gaps.push({ pipeline, key, why });
    }
  }
  return { gaps, downstream: (summary as unknown as BackfillSummary).downstream };
}
