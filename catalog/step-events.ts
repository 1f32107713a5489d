/**
 * What workers pushed about running steps: started, progress, attempts, no-task. Best effort and pruned; the live view shows
 * it and nothing depends on it. Log lines go to files (api/logs), never here.
 */
import type { AttemptRecord, StepEvent } from '../dsl/contract/api.ts';
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { AttemptsTable, StepEventsTable } from './schema.ts';

export type ObservedEvent = Exclude<StepEvent, { kind: 'log' }>;

/**
 * Keeps the newest event of each kind for (run, step, retry, attempt), and each started or ended attempt as an observed row. A few
 * statements a batch: a wide run pushes thousands of events while the workflow worker needs the processor.
 */
export async function putEvents(db: CatalogDb, events: readonly ObservedEvent[]): Promise<void> {
  const newest = new Map<string, StepEventsTable>();
  const started = new Map<string, AttemptsTable>();
  const ended = new Map<string, AttemptsTable>();
  for (const event of events) {
    const attempt = event.kind === 'no-task' ? 0 : event.attempt;
    const { retry = 0 } = event;
    const key = `${event.runId}\0${event.step}\0${retry}\0${attempt}`;
    newest.set(`${key}\0${event.kind}`, {
      run_id: event.runId,
      step: event.step,
      retry,
      attempt,
      kind: event.kind,
      at: event.at,
      detail: toColumn(event),
    });
    const row = { run_id: event.runId, step: event.step, retry, attempt, started_at: null, ended_at: null, failure: null, observed: 1 };
    if (event.kind === 'started') started.set(key, { ...row, worker: event.worker, started_at: event.at });
    if (event.kind === 'attempt') ended.set(key, { ...row, worker: event.worker, ended_at: event.at, failure: event.failure && toColumn(event.failure) });
  }
  await inChunks([...newest.values()], (rows) =>
    db
      .insertInto('step_events')
      .values(rows)
      .onConflict((on) =>
        on.columns(['run_id', 'step', 'retry', 'attempt', 'kind']).doUpdateSet((eb) => ({ at: eb.ref('excluded.at'), detail: eb.ref('excluded.detail') })),
      )
      .execute(),
  );
  // Attempts known only from pushes are marked observed; an exact row is never overwritten.
  await inChunks([...started.values()], (rows) =>
    db
      .insertInto('attempts')
      .values(rows)
      .onConflict((on) =>
        on
          .columns(['run_id', 'step', 'retry', 'attempt'])
          .doUpdateSet((eb) => ({ worker: eb.ref('excluded.worker'), started_at: eb.ref('excluded.started_at') }))
          .where('attempts.observed', '=', 1),
      )
      .execute(),
  );
  await inChunks([...ended.values()], (rows) =>
    db
      .insertInto('attempts')
      .values(rows)
      .onConflict((on) =>
        on
          .columns(['run_id', 'step', 'retry', 'attempt'])
          .doUpdateSet((eb) => ({ worker: eb.ref('excluded.worker'), ended_at: eb.ref('excluded.ended_at'), failure: eb.ref('excluded.failure') }))
          .where('attempts.observed', '=', 1),
      )
      .execute(),
  );
}

/** Events of one try of a run, or of some steps of it, oldest first. */
export async function listEvents(
  db: CatalogDb,
  { runId, retry }: { readonly runId: string; readonly retry: number },
  steps?: readonly string[],
): Promise<ObservedEvent[]> {
  if (steps?.length === 0) return [];
  let query = db.selectFrom('step_events').select('detail').where('run_id', '=', runId).where('retry', '=', retry).orderBy('at').limit(20_000);
  if (steps !== undefined) query = query.where('step', 'in', steps);
  return (await query.execute()).map((row) => fromColumn<ObservedEvent>(row.detail));
}

export async function pruneEvents(db: CatalogDb, before: number): Promise<void> {
  await db.deleteFrom('step_events').where('at', '<', before).execute();
}

const MOST_ATTEMPTS = 20_000;

/** Attempts of a run in the order of their tries, of one step or of all. */
export async function listAttempts(db: CatalogDb, runId: string, step?: string): Promise<AttemptRecord[]> {
  let query = db.selectFrom('attempts').selectAll().where('run_id', '=', runId).orderBy('retry').orderBy('step').orderBy('attempt').limit(MOST_ATTEMPTS);
  if (step !== undefined) query = query.where('step', '=', step);
  return (await query.execute()).map((row) => ({
    step: row.step,
    retry: row.retry,
    attempt: row.attempt,
    worker: row.worker,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    failure: row.failure === null ? null : fromColumn(row.failure),
    observed: row.observed === 1,
  }));
}
