/** Backfills: plans as they were made, in pages, and what became of them. Server only. */
import type { BackfillSpec, BackfillState, PlannedCell, PlannedPage } from '../dsl/contract/backfill.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { Selectable } from 'kysely';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { BackfillsTable } from './schema.ts';

export interface BackfillRow {
  readonly id: string;
  readonly project: string;
  readonly pipeline: string;
  readonly state: BackfillState;
  readonly spec: BackfillSpec;
  readonly summary: Json;
  readonly fingerprint: string;
  /** Cells to run. */
  readonly cells: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly redoOf: string | null;
  readonly why: string | null;
  readonly report: Json | null;
  readonly counts: { readonly done: number; readonly failed: number; readonly cancelled: number; readonly blocked: number };
  readonly slotMs: number;
}

export async function addBackfill(
  db: CatalogDb,
  row: Omit<BackfillRow, 'state' | 'startedAt' | 'endedAt' | 'why' | 'report' | 'counts' | 'slotMs'>,
  pages: readonly PlannedPage[],
): Promise<void> {
  await db
    .insertInto('backfills')
    .values({
      id: row.id,
      project: row.project,
      pipeline: row.pipeline,
      state: 'planned',
      spec: toColumn(row.spec),
      summary: toColumn(row.summary),
      fingerprint: row.fingerprint,
      cells: row.cells,
      created_at: row.createdAt,
      created_by: row.createdBy,
      expires_at: row.expiresAt,
      started_at: null,
      ended_at: null,
      redo_of: row.redoOf,
      why: null,
      report: null,
    })
    .execute();
  for (const page of pages)
    await db
      .insertInto('backfill_pages')
      .values({
        backfill: row.id,
        page: page.page,
        pipeline: page.pipeline,
        plan_hash: page.planHash,
        after: toColumn(page.after),
        first_cell: page.cells[0]?.cell ?? 0,
        count: page.cells.length,
        cells: toColumn(page.cells),
      })
      .execute();
}

export async function getBackfill(db: CatalogDb, id: string): Promise<BackfillRow | undefined> {
  const row = await db.selectFrom('backfills').selectAll().where('id', '=', id).executeTakeFirst();
  return row && backfillOf(row);
}

/** Newest first. */
export async function listBackfills(
  db: CatalogDb,
  query: { readonly project: string; readonly states?: readonly BackfillState[] | undefined; readonly pipeline?: string | undefined; readonly limit: number },
): Promise<BackfillRow[]> {
  let select = db.selectFrom('backfills').selectAll().where('project', '=', query.project);
  if (query.states) select = select.where('state', 'in', query.states);
  if (query.pipeline !== undefined) select = select.where('pipeline', '=', query.pipeline);
  return (await select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(query.limit).execute()).map(backfillOf);
}

/** True when it was in one of these states, and is in the new one now. */
export async function moveBackfill(
  db: CatalogDb,
  id: string,
  from: readonly BackfillState[],
  to: BackfillState,
  more: { readonly startedAt?: number; readonly endedAt?: number; readonly why?: string | null; readonly report?: Json } = {},
): Promise<boolean> {
  const result = await db
    .updateTable('backfills')
    .set({
      state: to,
      ...(more.startedAt !== undefined && { started_at: more.startedAt }),
      ...(more.endedAt !== undefined && { ended_at: more.endedAt }),
      ...(more.why !== undefined && { why: more.why }),
      ...(more.report !== undefined && { report: toColumn(more.report) }),
    })
    .where('id', '=', id)
    .where('state', 'in', from)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) > 0;
}

export interface PageHead {
  readonly page: number;
  readonly pipeline: string;
  readonly planHash: string;
  readonly after: readonly number[];
  readonly firstCell: number;
  readonly count: number;
  /** Cells that have an outcome. */
  readonly ended: number;
}

/** Without their cells. */
export async function pageHeads(db: CatalogDb, backfill: string): Promise<PageHead[]> {
  const rows = await db
    .selectFrom('backfill_pages')
    .select(['page', 'pipeline', 'plan_hash', 'after', 'first_cell', 'count', 'ended'])
    .where('backfill', '=', backfill)
    .orderBy('page')
    .execute();
  return rows.map((row) => ({
    page: row.page,
    pipeline: row.pipeline,
    planHash: row.plan_hash,
    after: fromColumn<number[]>(row.after),
    firstCell: row.first_cell,
    count: row.count,
    ended: row.ended,
  }));
}

export async function getPage(db: CatalogDb, backfill: string, page: number): Promise<PlannedPage | undefined> {
  const row = await db.selectFrom('backfill_pages').selectAll().where('backfill', '=', backfill).where('page', '=', page).executeTakeFirst();
  return (
    row && {
      page: row.page,
      pipeline: row.pipeline,
      planHash: row.plan_hash,
      after: fromColumn<number[]>(row.after),
      cells: fromColumn<PlannedCell[]>(row.cells),
    }
  );
}

const backfillOf = (row: Selectable<BackfillsTable>): BackfillRow => ({
  id: row.id,
  project: row.project,
  pipeline: row.pipeline,
  state: row.state as BackfillState, // written by this file only
  spec: fromColumn(row.spec),
  summary: fromColumn(row.summary),
  fingerprint: row.fingerprint,
  cells: row.cells,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  redoOf: row.redo_of,
  why: row.why,
  report: row.report === null ? null : fromColumn(row.report),
  counts: { done: row.done, failed: row.failed, cancelled: row.cancelled, blocked: row.blocked },
  slotMs: Number(row.slot_ms),
});
