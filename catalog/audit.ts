/** Who did what, when: one row for each thing that a person or a token changed. Server only. */
import type { Json } from '../dsl/plan/types.ts';
import type { CatalogDb } from './catalog.ts';
import { newId } from './ids.ts';
import { fromColumn, toColumn } from './json-column.ts';

export interface AuditEntry {
  readonly project: string;
  readonly at: number;
  readonly who: string;
  readonly action: string;
  /** Run id, model, plan hash. */ readonly target: string;
  readonly detail: Json;
}

export async function addAudit(db: CatalogDb, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ id: newId(), project: entry.project, at: entry.at, who: entry.who, action: entry.action, target: entry.target, detail: toColumn(entry.detail) })
    .execute();
}

/** Oldest first. */
export async function listAudit(db: CatalogDb, project: string, target: string): Promise<AuditEntry[]> {
  const rows = await db.selectFrom('audit').selectAll().where('project', '=', project).where('target', '=', target).orderBy('id').execute();
  return rows.map((row) => ({ project: row.project, at: row.at, who: row.who, action: row.action, target: row.target, detail: fromColumn(row.detail) }));
}
