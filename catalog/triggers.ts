/** Events that may start pipelines, until they are heard; and for each pipeline and key the newest one, until its run is started. Server only. */
import type { Json } from '../dsl/plan/types.ts';
import type { CatalogDb } from './catalog.ts';
import { newId } from './ids.ts';
import { inChunks } from './in-chunks.ts';
import { fromColumn, toColumn } from './json-column.ts';

export interface TriggerEvent {
  readonly id: string;
  readonly kind: 'published' | 'ended' | 'alias' | 'path';
  /** Dataset, pipeline, model@alias, address. */
  readonly subject: string;
  /** Path of the partition ('day=2001-03-01'), or key of the run. */
  readonly key: string | null;
  /** ms since the epoch, of the change itself: of two the later one is newer, in whatever order they are heard. */
  readonly version: number;
  readonly detail: { readonly [name: string]: Json };
  readonly at: number;
}

/** In the transaction of what they tell of. */
export async function addEvents(db: CatalogDb, project: string, events: readonly Omit<TriggerEvent, 'id'>[]): Promise<void> {
  await inChunks(events, (some) =>
    db
      .insertInto('trigger_events')
      .values(some.map(({ kind, subject, key, version, detail, at }) => ({ id: newId(), project, kind, subject, key, version, detail: toColumn(detail), at })))
      .execute(),
  );
}

export async function nextEvents(db: CatalogDb, project: string, limit: number): Promise<TriggerEvent[]> {
  const rows = await db.selectFrom('trigger_events').selectAll().where('project', '=', project).orderBy('id').limit(limit).execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind as TriggerEvent['kind'], // written above
    subject: row.subject,
    key: row.key,
    version: Number(row.version),
    detail: fromColumn(row.detail),
    at: Number(row.at),
  }));
}
export async function forgetEvents(db: CatalogDb, ids: readonly string[]): Promise<void> {
  await inChunks(ids, (some) => db.deleteFrom('trigger_events').where('id', 'in', some).execute());
}

export interface TriggerTarget {
  readonly pipeline: string;
  /** Formatted; '' for a pipeline without partitions. */
  readonly key: string;
  readonly version: number;
  readonly started: number;
  readonly why: string;
  readonly runId: string | null;
}

/** The newest version counts; one that is older than what is known changes nothing. */
export async function aimAt(
  db: CatalogDb,
  project: string,
  target: { readonly pipeline: string; readonly key: string; readonly version: number; readonly dueAt: number; readonly why: string },
): Promise<void> {
  await db
    .insertInto('trigger_targets')
    .values({ project, pipeline: target.pipeline, key: target.key, version: target.version, started: 0, due_at: target.dueAt, why: target.why, run_id: null })
    .onConflict((on) =>
      on
        .columns(['project', 'pipeline', 'key'])
        .doUpdateSet({ version: target.version, due_at: target.dueAt, why: target.why })
        .where('trigger_targets.version', '<', target.version),
    )
    .execute();
}

export async function dueTargets(db: CatalogDb, project: string, now: number, limit: number): Promise<TriggerTarget[]> {
  const rows = await db
    .selectFrom('trigger_targets')
    .selectAll()
    .where('project', '=', project)
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    pipeline: row.pipeline,
    key: row.key,
    version: Number(row.version),
    started: Number(row.started),
    why: row.why,
    runId: row.run_id,
  }));
}

/** Its run is there. A version that was heard of meanwhile stays due. */
export async function targetStarted(db: CatalogDb, project: string, { pipeline, key, version }: TriggerTarget, runId: string | null): Promise<void> {
  const own = db.updateTable('trigger_targets').where('project', '=', project).where('pipeline', '=', pipeline).where('key', '=', key);
  await own.set({ started: version, run_id: runId }).execute();
  await own.set({ due_at: null }).where('version', '=', version).execute();
}
export async function postponeTarget(db: CatalogDb, project: string, { pipeline, key }: TriggerTarget, until: number): Promise<void> {
  await db
    .updateTable('trigger_targets')
    .set({ due_at: until })
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .where('key', '=', key)
    .execute();
}
/** Of one pipeline, newest first. */
export async function listTargets(db: CatalogDb, project: string, pipeline: string, limit: number): Promise<TriggerTarget[]> {
  const rows = await db
    .selectFrom('trigger_targets')
    .selectAll()
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    pipeline: row.pipeline,
    key: row.key,
    version: Number(row.version),
    started: Number(row.started),
    why: row.why,
    runId: row.run_id,
  }));
}
