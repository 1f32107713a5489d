/** Runs in the catalog: one row a run, kept for good. Server only. */
import type { Insertable, Selectable } from 'kysely';
import type { Page, RunSummary } from '../dsl/contract/api.ts';
import type { PartitionScope, RunFinal, RunStatus, StepStatus } from '../dsl/contract/run.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { StepFailure } from '../dsl/contract/step.ts';
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { RunsTable } from './schema.ts';

export interface RunRow {
  readonly runId: string;
  readonly project: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly scope: PartitionScope | null;
  readonly planHash: string;
  readonly params: Json;
  /** 'starting': the row is there, the workflow is not known to be. */
  readonly status: RunStatus | 'starting';
  readonly startedBy: string;
  readonly createdAt: number;
  readonly touchedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly workflowId: string;
  readonly retry: number;
  readonly parent: { readonly runId: string; readonly step: string } | null;
  readonly called: boolean;
  readonly backfill: string | null;
  /** False: no step takes the result of another run. */
  readonly cache: boolean;
  /** The run whose finished steps this one began with. */
  readonly reuseOf: string | null;
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  readonly failure: string | null;
  readonly failures: readonly { readonly step: string; readonly failure: StepFailure }[];
  readonly abandoned: readonly string[];
  readonly output: Json;
}

export type NewRun = Pick<
  RunRow,
  'runId' | 'project' | 'pipeline' | 'partition' | 'scope' | 'planHash' | 'params' | 'startedBy' | 'createdAt' | 'workflowId' | 'parent' | 'called' | 'backfill'
> &
  Partial<Pick<RunRow, 'cache' | 'reuseOf'>>;

/** Adds a run in state 'starting'. False when it is there already. */
export async function addRun(db: CatalogDb, run: NewRun): Promise<boolean> {
  return (await addRuns(db, [run])) > 0;
}

/** Those that are there already stay as they are. Gives how many were added. */
export async function addRuns(db: CatalogDb, runs: readonly NewRun[]): Promise<number> {
  let added = 0;
  await inChunks(runs, async (some) => {
    const result = await db
      .insertInto('runs')
      .values(some.map(newRow))
      .onConflict((on) => on.column('run_id').doNothing())
      .executeTakeFirst();
    added += Number(result.numInsertedOrUpdatedRows ?? 0);
  });
  return added;
}

const newRow = (run: NewRun): Insertable<RunsTable> => ({
  run_id: run.runId,
  project: run.project,
  pipeline: run.pipeline,
  partition: run.partition,
  scope: run.scope && toColumn(run.scope),
  plan_hash: run.planHash,
  params: toColumn(run.params),
  status: 'starting',
  started_by: run.startedBy,
  created_at: run.createdAt,
  touched_at: run.createdAt,
  started_at: null,
  ended_at: null,
  workflow_id: run.workflowId,
  retry: 0,
  parent_run_id: run.parent?.runId ?? null,
  parent_step: run.parent?.step ?? null,
  called: run.called ? 1 : 0,
  backfill: run.backfill,
  cache: run.cache === false ? 0 : 1,
  reuse_of: run.reuseOf ?? null,
  counts: '{}',
  failure: null,
  failures: '[]',
  abandoned: '[]',
  output: 'null',
});

export async function getRuns(db: CatalogDb, runIds: readonly string[]): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  await inChunks(runIds, async (some) => {
    rows.push(...(await db.selectFrom('runs').selectAll().where('run_id', 'in', some).execute()).map(runOf));
  });
  return rows;
}

/** Runs of a backfill's cells whose turn never came. */
export async function removeUnstarted(db: CatalogDb, backfill: string): Promise<void> {
  await db.deleteFrom('runs').where('backfill', '=', backfill).where('status', '=', 'starting').where('called', '=', 1).execute();
}

export async function getRun(db: CatalogDb, runId: string): Promise<RunRow | undefined> {
  const row = await db.selectFrom('runs').selectAll().where('run_id', '=', runId).executeTakeFirst();
  return row && runOf(row);
}

/** Newest first. The cursor is the last run's id. */
export async function listRuns(
  db: CatalogDb,
  query: {
    readonly project: string;
    readonly pipeline?: string | undefined;
    readonly status?: RunStatus | undefined;
    readonly partition?: string | undefined;
    readonly backfill?: string | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  },
): Promise<Page<RunRow>> {
  let select = db
    .selectFrom('runs')
    .selectAll()
    .where('project', '=', query.project)
    .orderBy('created_at', 'desc')
    .orderBy('run_id', 'desc')
    .limit(query.limit + 1);
  if (query.pipeline !== undefined) select = select.where('pipeline', '=', query.pipeline);
  if (query.partition !== undefined) select = select.where('partition', '=', query.partition);
  if (query.backfill !== undefined) select = select.where('backfill', '=', query.backfill);
  if (query.status === 'running') select = select.where('status', 'in', ['starting', 'running']);
  else if (query.status !== undefined) select = select.where('status', '=', query.status);
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  if (cursor) {
    select = select.where((eb) => eb.or([eb('created_at', '<', cursor.at), eb.and([eb('created_at', '=', cursor.at), eb('run_id', '<', cursor.runId)])]));
  }
  const rows = (await select.execute()).map(runOf);
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  return { items, next: rows.length > query.limit && last ? `${last.createdAt}.${last.runId}` : null };
}

const parseCursor = (text: string): { at: number; runId: string } | undefined => {
  const match = /^(\d+)\.(\w+)$/.exec(text);
  return match?.[1] !== undefined && match[2] !== undefined ? { at: Number(match[1]), runId: match[2] } : undefined;
};

/** Runs that are not over, oldest first: what the reconciler looks at. */
export async function openRuns(db: CatalogDb, project: string, limit: number, afterRunId = ''): Promise<RunRow[]> {
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('project', '=', project)
    .where('status', 'in', ['starting', 'running', 'paused'])
    .where('run_id', '>', afterRunId)
    .orderBy('run_id')
    .limit(limit)
    .execute();
  return rows.map(runOf);
}

/** Open runs that this one called (not those it only started). */
export async function openCalledRuns(db: CatalogDb, runId: string): Promise<RunRow[]> {
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('parent_run_id', '=', runId)
    .where('called', '=', 1)
    .where('status', 'in', ['starting', 'running', 'paused'])
    .execute();
  return rows.map(runOf);
}

/** The workflow runs. Changes nothing once the run is past 'starting'. */
export async function markStarted(db: CatalogDb, runId: string, at: number): Promise<void> {
  await db
    .updateTable('runs')
    .set((eb) => ({ status: 'running', started_at: eb.fn.coalesce('started_at', eb.val(at)), touched_at: at }))
    .where('run_id', '=', runId)
    .where('status', '=', 'starting')
    .execute();
}

/** Pause and resume, as a person asked. Only on an open run. */
export async function setRunStatus(db: CatalogDb, runId: string, status: 'running' | 'paused', at: number): Promise<void> {
  await db.updateTable('runs').set({ status, touched_at: at }).where('run_id', '=', runId).where('status', 'in', ['running', 'paused']).execute();
}

export async function setPlanHash(db: CatalogDb, runId: string, planHash: string): Promise<void> {
  await db.updateTable('runs').set({ plan_hash: planHash }).where('run_id', '=', runId).execute();
}

/** Opens an ended run again for its next workflow. Gives the number of the retry, undefined when the run is not over. `params`: as a newer plan fills them. */
export async function reopenRun(db: CatalogDb, runId: string, planHash: string, at: number, params?: Json): Promise<number | undefined> {
  const row = await db
    .updateTable('runs')
    .set((eb) => ({
      status: 'starting',
      retry: eb('retry', '+', 1),
      ended_at: null,
      touched_at: at,
      plan_hash: planHash,
      ...(params !== undefined && { params: toColumn(params) }),
      failure: null,
      failures: '[]',
      abandoned: '[]',
      output: 'null',
    }))
    .where('run_id', '=', runId)
    .where('status', 'in', ['failed', 'cancelled'])
    .returning('retry')
    .executeTakeFirst();
  return row?.retry;
}

/** Closes a run. False when it was closed before: the first word stands. */
export async function endRun(db: CatalogDb, runId: string, final: RunFinal, counts: RunRow['counts']): Promise<boolean> {
  const first = final.failures[0];
  const result = await db
    .updateTable('runs')
    .set((eb) => ({
      status: final.status,
      ended_at: final.endedAt,
      started_at: eb.fn.coalesce('started_at', 'created_at'),
      touched_at: final.endedAt,
      counts: toColumn(counts),
      output: toColumn(final.output),
      failure: first ? `${first.step === '' ? '' : `${first.step}: `}${firstLine(first.failure.message)}` : null,
      failures: toColumn(final.failures),
      abandoned: toColumn(final.abandoned),
    }))
    .where('run_id', '=', runId)
    .where('status', 'in', ['starting', 'running', 'paused'])
    .executeTakeFirst();
  return Number(result.numUpdatedRows) > 0;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** How many runs there are in each state. */
export async function countRuns(db: CatalogDb, project: string): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('runs')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .where('project', '=', project)
    .groupBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
}

/** The row as the API gives it. */
export const summaryOf = (run: RunRow): RunSummary => ({
  runId: run.runId,
  project: run.project,
  pipeline: run.pipeline,
  partition: run.partition,
  planHash: run.planHash,
  status: run.status === 'starting' ? 'running' : run.status,
  startedBy: run.startedBy,
  createdAt: run.createdAt,
  startedAt: run.startedAt,
  endedAt: run.endedAt,
  workflowId: run.workflowId,
  parent: run.parent,
  counts: run.counts,
  failure: run.failure,
});

const runOf = (row: Selectable<RunsTable>): RunRow => ({
  runId: row.run_id,
  project: row.project,
  pipeline: row.pipeline,
  partition: row.partition,
  scope: row.scope === null ? null : fromColumn(row.scope),
  planHash: row.plan_hash,
  params: fromColumn(row.params),
  status: row.status as RunRow['status'], // written by this file only
  startedBy: row.started_by,
  createdAt: row.created_at,
  touchedAt: row.touched_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  workflowId: row.workflow_id,
  retry: row.retry,
  parent: row.parent_run_id === null ? null : { runId: row.parent_run_id, step: row.parent_step ?? '' },
  called: row.called === 1,
  backfill: row.backfill,
  cache: row.cache !== 0,
  reuseOf: row.reuse_of,
  counts: fromColumn(row.counts),
  failure: row.failure,
  failures: fromColumn(row.failures),
  abandoned: fromColumn(row.abandoned),
  output: fromColumn(row.output),
});
