/**
 * What workers pushed about running steps: started, progress, attempts, no-task. Best effort and pruned; the live view shows
 * it and nothing depends on it. Log lines go to files (api/logs), never here.
 */
import type { StepEvent } from '../dsl/contract/api.ts';
import type { CatalogDb } from './catalog.ts';
import { newId } from './ids.ts';
import { fromColumn, toColumn } from './json-column.ts';

export type ObservedEvent = Exclude<StepEvent, { kind: 'log' }>;

/** Keeps the newest event of each kind for (run, step, attempt), and each ended attempt as an observed row. */
export async function putEvents(db: CatalogDb, events: readonly ObservedEvent[]): Promise<void> {
  const newest = new Map<string, { event: ObservedEvent; attempt: number }>();
  for (const event of events) {
    const attempt = event.kind === 'no-task' ? 0 : event.attempt;
    newest.set(`${event.runId}\0${event.step}\0${attempt}\0${event.kind}`, { event, attempt });
  }
  for (const { event, attempt } of newest.values()) {
    await db.deleteFrom('step_events').where('run_id', '=', event.runId).where('step', '=', event.step).where('attempt', '=', attempt).where('kind', '=', event.kind).execute();
    await db.insertInto('step_events').values({ id: newId(), run_id: event.runId, step: event.step, attempt, kind: event.kind, at: event.at, detail: toColumn(event) }).execute();
    if (event.kind === 'started' || event.kind === 'attempt') await observeAttempt(db, event);
  }
}

/** Attempts known only from pushes are marked observed; an exact row is never overwritten. */
async function observeAttempt(db: CatalogDb, event: Extract<ObservedEvent, { kind: 'started' | 'attempt' }>): Promise<void> {
  const seen = event.kind === 'started' ? { worker: event.worker, started_at: event.at } : { worker: event.worker, ended_at: event.at, failure: event.failure && toColumn(event.failure) };
  await db.insertInto('attempts').values({ run_id: event.runId, step: event.step, attempt: event.attempt, started_at: null, ended_at: null, failure: null, observed: 1, ...seen })
    .onConflict((on) => on.columns(['run_id', 'step', 'attempt']).doUpdateSet(seen).where('attempts.observed', '=', 1)).execute();
}

/** Events of a run, or of one step of it, oldest first. */
export async function listEvents(db: CatalogDb, runId: string, step?: string): Promise<ObservedEvent[]> {
  let query = db.selectFrom('step_events').select('detail').where('run_id', '=', runId).orderBy('at').orderBy('id').limit(20_000);
  if (step !== undefined) query = query.where('step', '=', step);
  return (await query.execute()).map((row) => fromColumn<ObservedEvent>(row.detail));
}

export async function pruneEvents(db: CatalogDb, before: number): Promise<void> {
  await db.deleteFrom('step_events').where('at', '<', before).execute();
}

export interface AttemptRow { readonly attempt: number; readonly worker: string | null; readonly startedAt: number | null; readonly endedAt: number | null; readonly failure: { readonly class: string; readonly code: string; readonly message: string } | null; readonly observed: boolean }

export async function listAttempts(db: CatalogDb, runId: string, step: string): Promise<AttemptRow[]> {
  const rows = await db.selectFrom('attempts').selectAll().where('run_id', '=', runId).where('step', '=', step).orderBy('attempt').execute();
  return rows.map((row) => ({ attempt: row.attempt, worker: row.worker, startedAt: row.started_at, endedAt: row.ended_at, failure: row.failure === null ? null : fromColumn(row.failure), observed: row.observed === 1 }));
}
