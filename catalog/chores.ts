/**
 * What the server has yet to do in the outside world, and does though it is restarted: webhooks to send, staging folders to
 * remove. Written in the transaction that gives the reason; done at least once. Server only.
 */
import type { Json } from '../dsl/plan/types.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';

export interface Chore {
  /** One thing to do: the same id is done once, however often it is asked for. */
  readonly id: string;
  readonly project: string;
  readonly kind: 'webhook' | 'staging';
  readonly detail: Json;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly tries: number;
}

/** False when it was asked for before. */
export async function addChore(db: CatalogDb, chore: Omit<Chore, 'tries'>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('chores')
    .values({
      id: chore.id,
      project: chore.project,
      kind: chore.kind,
      detail: toColumn(chore.detail),
      created_at: chore.createdAt,
      due_at: chore.dueAt,
      tries: 0,
      done_at: null,
      failure: null,
    })
    .onConflict((on) => on.column('id').doNothing())
    .executeTakeFirst();
  return Number(numInsertedOrUpdatedRows ?? 0) > 0;
}

/**
 * Due ones, oldest first, each put off until `until`: a server that dies at it leaves it to the next, and one beside this leaves it
 * alone meanwhile.
 */
export async function claimChores(
  db: CatalogDb,
  query: { readonly project: string; readonly now: number; readonly until: number; readonly limit: number },
): Promise<Chore[]> {
  const due = await db
    .selectFrom('chores')
    .selectAll()
    .where('project', '=', query.project)
    .where('done_at', 'is', null)
    .where('due_at', '<=', query.now)
    .orderBy('due_at')
    .limit(query.limit)
    .execute();
  const claimed: Chore[] = [];
  for (const row of due) {
    const { numUpdatedRows } = await db
      .updateTable('chores')
      .set({ due_at: query.until, tries: row.tries + 1 })
      .where('id', '=', row.id)
      .where('due_at', '=', row.due_at)
      .where('done_at', 'is', null)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) continue;
    claimed.push({
      id: row.id,
      project: row.project,
      kind: row.kind as Chore['kind'], // written by this file only
      detail: fromColumn(row.detail),
      createdAt: row.created_at,
      dueAt: row.due_at,
      tries: row.tries + 1,
    });
  }
  return claimed;
}

/** Another try, later. */
export async function postponeChore(db: CatalogDb, id: string, dueAt: number, failure: string | null): Promise<void> {
  await db.updateTable('chores').set({ due_at: dueAt, failure }).where('id', '=', id).execute();
}

/** `failure`: why it was given up; null: it is done. */
export async function finishChore(db: CatalogDb, id: string, at: number, failure: string | null): Promise<void> {
  await db.updateTable('chores').set({ done_at: at, failure }).where('id', '=', id).execute();
}

/** Forgets those that were finished long ago. */
export async function pruneChores(db: CatalogDb, before: number): Promise<void> {
  await db.deleteFrom('chores').where('done_at', '<', before).execute();
}
