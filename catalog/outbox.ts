/** What the server has yet to tell other systems, in order; kept some days after, so that nothing is told twice. Server only. */
import { sql } from 'kysely';
import type { CatalogDb } from './catalog.ts';

export interface OutboxEntry {
  /** Names what it says: the same id is told once. */
  readonly id: string;
  readonly project: string;
  /** 'openlineage'. */
  readonly target: string;
  /** In this order. */
  readonly seq: string;
  readonly body: string;
}

export async function putOutbox(db: CatalogDb, entry: OutboxEntry, at: number): Promise<void> {
  await db
    .insertInto('outbox')
    .values({ ...entry, created_at: at, sent_at: null, failure: null })
    .onConflict((on) => on.column('id').doNothing())
    .execute();
}

export async function waitingOutbox(db: CatalogDb, project: string, target: string, limit: number): Promise<OutboxEntry[]> {
  return db
    .selectFrom('outbox')
    .select(['id', 'project', 'target', 'seq', 'body'])
    .where('project', '=', project)
    .where('target', '=', target)
    .where('sent_at', 'is', null)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

/** `failure`: why it was given up. */
export async function closeOutbox(db: CatalogDb, id: string, at: number, failure: string | null = null): Promise<void> {
  await db.updateTable('outbox').set({ sent_at: at, failure }).where('id', '=', id).execute();
}

export async function pruneOutbox(db: CatalogDb, before: number): Promise<void> {
  await db.deleteFrom('outbox').where('sent_at', '<', before).execute();
}

/** Ids of runs that have begun since `since` and have no START in the outbox. */
export async function runsWithoutStart(db: CatalogDb, project: string, since: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('runs')
    .select('run_id')
    .where('project', '=', project)
    .where('started_at', 'is not', null)
    .where('touched_at', '>=', since)
    .where(sql<boolean>`not exists (select 1 from outbox where outbox.id = 'openlineage/' || runs.run_id || '/' || runs.retry || '/START')`)
    .orderBy('run_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.run_id);
}
