/** Cells of started backfills that have not ended: nobody else should run them. Server only. */
import type { PlannedCell } from '../dsl/contract/backfill.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn } from './json-column.ts';

/** Pipeline -> key -> backfill. `except`: not those of this one. */
export async function ownedCells(db: CatalogDb, project: string, except: string | null): Promise<Map<string, Map<string, string>>> {
  const owned = new Map<string, Map<string, string>>();
  const open = await db.selectFrom('backfills').select('id').where('project', '=', project).where('state', 'in', ['running', 'paused', 'cancelling']).execute();
  for (const { id } of open) {
    if (id === except) continue;
    const ended = new Set((await db.selectFrom('backfill_outcomes').select('cell').where('backfill', '=', id).execute()).map(({ cell }) => cell));
    const pages = await db.selectFrom('backfill_pages').select(['pipeline', 'cells']).where('backfill', '=', id).execute();
    for (const { pipeline, cells } of pages) {
      const keys = owned.get(pipeline) ?? new Map<string, string>();
      owned.set(pipeline, keys);
      for (const { cell, key } of fromColumn<PlannedCell[]>(cells)) if (!ended.has(cell)) keys.set(key, id);
    }
  }
  return owned;
}
