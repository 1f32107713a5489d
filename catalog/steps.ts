/** The exact history of a run's steps, written in pages by the record activity; each page counts once. Server only. */
import type { Page } from '../dsl/contract/api.ts';
import type { StepRecord, StepStatus } from '../dsl/contract/run.ts';
import type { AttemptMeta } from '../dsl/contract/step.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { AttemptsTable, StepsTable } from './schema.ts';

/**
 * Writes one page in the caller's transaction. False when this page was written before (then nothing changes). A step that
 * is there already keeps its place and takes the newer state; one that another page says is done stays done.
 */
export async function writePage(
  db: CatalogDb,
  page: { readonly runId: string; readonly retry: number; readonly page: string; readonly steps: readonly StepRecord[]; readonly at: number },
): Promise<boolean> {
  const claimed = await db
    .insertInto('run_pages')
    .values({ run_id: page.runId, retry: page.retry, page: page.page, at: page.at })
    .onConflict((on) => on.columns(['run_id', 'retry', 'page']).doNothing())
    .executeTakeFirst();
  if (Number(claimed.numInsertedOrUpdatedRows ?? 0) === 0) return false;
  // Holds the run's row until the end of the transaction: on PostgreSQL pages that come side by side would number their steps alike,
  // and a listing that goes on behind a number would leave steps out.
  await db
    .updateTable('runs')
    .set((eb) => ({ touched_at: eb.ref('touched_at') }))
    .where('run_id', '=', page.runId)
    .execute();
  const last = await db
    .selectFrom('steps')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('run_id', '=', page.runId)
    .executeTakeFirst();
  let seq = Number(last?.seq ?? 0);
  const rows = page.steps.map((step): StepsTable => stepRow(page.runId, ++seq, step));
  await inChunks(rows, (some) =>
    db
      .insertInto('steps')
      .values(some)
      .onConflict((on) =>
        on
          .columns(['run_id', 'step'])
          .doUpdateSet((eb) => ({
            kind: eb.ref('excluded.kind'),
            task: eb.ref('excluded.task'),
            version: eb.ref('excluded.version'),
            status: eb.ref('excluded.status'),
            waiting_for: eb.ref('excluded.waiting_for'),
            queued_at: eb.ref('excluded.queued_at'),
            started_at: eb.ref('excluded.started_at'),
            ended_at: eb.ref('excluded.ended_at'),
            attempts: eb.ref('excluded.attempts'),
            failure: eb.ref('excluded.failure'),
            worker: eb.ref('excluded.worker'),
            run_ms: eb.ref('excluded.run_ms'),
            wait_ms: eb.ref('excluded.wait_ms'),
            output: eb.ref('excluded.output'),
            meta: eb.ref('excluded.meta'),
            // A retry records a step that it took over without having run it: times and attempts of the try that ran it stay.
          }))
          .where((eb) => eb.or([eb('steps.status', '!=', 'done'), eb('excluded.status', '!=', 'done'), eb('excluded.meta', 'is not', null)])),
      )
      .execute(),
  );
  await inChunks(
    page.steps.flatMap((step) => attemptRow(page.runId, page.retry, step)),
    (some) =>
      db
        .insertInto('attempts')
        .values(some)
        .onConflict((on) =>
          on.columns(['run_id', 'step', 'retry', 'attempt']).doUpdateSet((eb) => ({
            worker: eb.ref('excluded.worker'),
            started_at: eb.ref('excluded.started_at'),
            ended_at: eb.ref('excluded.ended_at'),
            failure: eb.ref('excluded.failure'),
            observed: eb.ref('excluded.observed'),
          })),
        )
        .execute(),
  );
  return true;
}

/** The last attempt, by its number among all of the step's rounds in this try. */
export const attemptRow = (runId: string, retry: number, { step, meta, failure, attempts }: StepRecord): AttemptsTable[] =>
  meta
    ? [
        {
          run_id: runId,
          step,
          retry,
          attempt: Math.max(meta.attempt, attempts),
          worker: meta.worker,
          started_at: meta.startedAt,
          ended_at: meta.startedAt + meta.ms,
          failure: failure && toColumn(failure),
          observed: 0,
        },
      ]
    : [];

/** A page in the order of first appearance; the cursor is the last seq. */
export async function listSteps(
  db: CatalogDb,
  runId: string,
  page: { readonly limit: number; readonly cursor?: number | undefined },
): Promise<Page<StepRecord>> {
  const rows = await db
    .selectFrom('steps')
    .selectAll()
    .where('run_id', '=', runId)
    .where('seq', '>', page.cursor ?? 0)
    .orderBy('seq')
    .limit(page.limit + 1)
    .execute();
  const items = rows.slice(0, page.limit);
  return { items: items.map(recordOf), next: rows.length > page.limit ? String(items.at(-1)?.seq ?? 0) : null };
}

export async function getStep(db: CatalogDb, runId: string, step: string): Promise<StepRecord | undefined> {
  const row = await db.selectFrom('steps').selectAll().where('run_id', '=', runId).where('step', '=', step).executeTakeFirst();
  return row && recordOf(row);
}

/** All that is done of a run. */
export async function doneSteps(db: CatalogDb, runId: string): Promise<StepRecord[]> {
  return (await db.selectFrom('steps').selectAll().where('run_id', '=', runId).where('status', '=', 'done').orderBy('seq').execute()).map(recordOf);
}

/** Writes steps of another run as done in this one, before it begins. In the caller's transaction. */
export async function takeOver(db: CatalogDb, runId: string, steps: readonly StepRecord[]): Promise<void> {
  await inChunks(
    steps.map((step, i) => stepRow(runId, i + 1, step)),
    (some) => db.insertInto('steps').values(some).execute(),
  );
}

export interface CodeOfStep {
  /** 'flights.train_one' and '1'. */
  readonly task: string;
  readonly version: string | null;
  /** null where the worker did not know it. */
  readonly digest: string | null;
}
/** The tasks of a run with the code that ran them, once each, by name. */
export async function codeOfRun(db: CatalogDb, runId: string): Promise<CodeOfStep[]> {
  const rows = await db
    .selectFrom('steps')
    .select(['task', 'version', 'meta'])
    .where('run_id', '=', runId)
    .where('meta', 'is not', null)
    .orderBy('seq')
    .execute();
  const found = new Map<string, CodeOfStep>();
  for (const { task, version, meta } of rows) {
    if (task === null || meta === null) continue;
    const digest = fromColumn<AttemptMeta>(meta).codeDigest ?? null;
    found.set(`${task} ${digest}`, { task, version, digest });
  }
  return [...found.values()].sort((a, b) => (a.task < b.task ? -1 : 1));
}

export async function countSteps(db: CatalogDb, runId: string): Promise<Partial<Record<StepStatus, number>>> {
  const rows = await db
    .selectFrom('steps')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .where('run_id', '=', runId)
    .groupBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
}

/**
 * Outputs of finished steps in order, for a retry; stops before `maxBytes` of JSON. A step that a closed run was only seen
 * to finish has neither output nor meta: it runs again.
 */
export async function listDone(db: CatalogDb, runId: string, cursor: number, maxBytes: number): Promise<{ done: Record<string, Json>; next: number | null }> {
  const done: Record<string, Json> = {};
  let bytes = 0;
  let at = cursor;
  for (;;) {
    const rows = await db
      .selectFrom('steps')
      .select(['seq', 'step', 'output'])
      .where('run_id', '=', runId)
      .where('status', '=', 'done')
      // Items of a list map go with their chunk, which a retry takes over as a whole.
      .where('kind', '!=', 'item')
      .where((eb) => eb.or([eb('output', '!=', 'null'), eb('meta', 'is not', null)]))
      .where('seq', '>', at)
      .orderBy('seq')
      .limit(500)
      .execute();
    for (const row of rows) {
      const size = row.step.length + row.output.length;
      if (bytes > 0 && bytes + size > maxBytes) return { done, next: at };
      done[row.step] = fromColumn(row.output);
      bytes += size;
      at = row.seq;
    }
    if (rows.length < 500) return { done, next: null };
  }
}

export const stepRow = (runId: string, seq: number, step: StepRecord): StepsTable => ({
  run_id: runId,
  step: step.step,
  seq,
  kind: step.kind,
  task: step.task,
  version: step.version,
  status: step.status,
  waiting_for: step.waitingFor,
  queued_at: step.queuedAt,
  started_at: step.startedAt,
  ended_at: step.endedAt,
  attempts: step.attempts,
  failure: step.failure && toColumn(step.failure),
  worker: step.worker,
  run_ms: step.runMs,
  wait_ms: step.waitMs,
  output: toColumn(step.output),
  meta: step.meta && toColumn(step.meta),
});

const recordOf = (row: StepsTable): StepRecord => ({
  step: row.step,
  kind: row.kind,
  task: row.task,
  version: row.version,
  status: row.status as StepStatus, // written by this file only
  waitingFor: row.waiting_for,
  queuedAt: row.queued_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  attempts: row.attempts,
  failure: row.failure === null ? null : fromColumn(row.failure),
  worker: row.worker,
  runMs: row.run_ms,
  waitMs: row.wait_ms,
  output: fromColumn(row.output),
  meta: row.meta === null ? null : fromColumn(row.meta),
});
