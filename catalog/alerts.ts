/** What is overdue: one open alert for a cause, resolved when it is over. Server only. */
import type { Json } from '../dsl/plan/types.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';

export interface Alert {
  readonly cause: string;
  readonly kind: 'deadline' | 'fresh';
  readonly detail: Json;
  readonly openedAt: number;
  readonly resolvedAt: number | null;
}

/** True when it was not open before. In the caller's transaction, with the message that tells of it. */
export async function openAlert(db: CatalogDb, project: string, alert: Pick<Alert, 'cause' | 'kind' | 'detail' | 'openedAt'>): Promise<boolean> {
  const known = await db.selectFrom('alerts').select('cause').where('project', '=', project).where('cause', '=', alert.cause).executeTakeFirst();
  if (known) return false; // open, or over for good: a cause names one time
  await db
    .insertInto('alerts')
    .values({ project, cause: alert.cause, kind: alert.kind, detail: toColumn(alert.detail), opened_at: alert.openedAt, resolved_at: null })
    .execute();
  return true;
}

/** True when it was open. */
export async function resolveAlert(db: CatalogDb, project: string, cause: string, at: number): Promise<boolean> {
  const result = await db
    .updateTable('alerts')
    .set({ resolved_at: at })
    .where('project', '=', project)
    .where('cause', '=', cause)
    .where('resolved_at', 'is', null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) > 0;
}

/** Newest first. */
export async function listAlerts(db: CatalogDb, project: string, query: { readonly open: boolean; readonly limit: number }): Promise<Alert[]> {
  let select = db.selectFrom('alerts').selectAll().where('project', '=', project);
  if (query.open) select = select.where('resolved_at', 'is', null);
  const rows = await select.orderBy('opened_at', 'desc').limit(query.limit).execute();
  return rows.map((row) => ({
    cause: row.cause,
    kind: row.kind as Alert['kind'], // written above
    detail: fromColumn(row.detail),
    openedAt: Number(row.opened_at),
    resolvedAt: row.resolved_at === null ? null : Number(row.resolved_at),
  }));
}
