/** Schedules of what is applied, and their ticks: each nominal time once, with what became of it. Server only. */
import type { ScheduleDef } from '../dsl/plan/types.ts';
import type { Selectable } from 'kysely';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { SchedulesTable, TicksTable } from './schema.ts';

export interface ScheduleRow {
  readonly project: string;
  readonly pipeline: string;
  readonly definition: ScheduleDef;
  readonly nextNominal: number | null;
  readonly nextAt: number | null;
  readonly pausedAt: number | null;
  readonly pausedBy: string | null;
  readonly note: string | null;
}
export type TickState = 'due' | 'started' | 'skipped' | 'missed';
export interface Tick {
  readonly pipeline: string;
  readonly nominal: number;
  readonly state: TickState;
  readonly dueAt: number;
  readonly startedAt: number | null;
  readonly runs: readonly string[];
  readonly why: string | null;
}

export async function listSchedules(db: CatalogDb, project: string): Promise<ScheduleRow[]> {
  return (await db.selectFrom('schedules').selectAll().where('project', '=', project).orderBy('pipeline').execute()).map(scheduleOf);
}
export async function getSchedule(db: CatalogDb, project: string, pipeline: string): Promise<ScheduleRow | undefined> {
  const row = await db.selectFrom('schedules').selectAll().where('project', '=', project).where('pipeline', '=', pipeline).executeTakeFirst();
  return row && scheduleOf(row);
}
/** Those whose next tick has come, the earliest first. */
export async function dueSchedules(db: CatalogDb, project: string, now: number, limit: number): Promise<ScheduleRow[]> {
  const rows = await db
    .selectFrom('schedules')
    .selectAll()
    .where('project', '=', project)
    .where('next_at', '<=', now)
    .where('paused_at', 'is', null)
    .orderBy('next_at')
    .limit(limit)
    .execute();
  return rows.map(scheduleOf);
}

/** A pause outlives what is applied after it. */
export async function putSchedule(
  db: CatalogDb,
  project: string,
  schedule: Pick<ScheduleRow, 'pipeline' | 'definition' | 'nextNominal' | 'nextAt'>,
): Promise<void> {
  const values = { definition: toColumn(schedule.definition), next_nominal: schedule.nextNominal, next_at: schedule.nextAt };
  await db
    .insertInto('schedules')
    .values({ project, pipeline: schedule.pipeline, ...values, paused_at: null, paused_by: null, note: null })
    .onConflict((on) => on.columns(['project', 'pipeline']).doUpdateSet(values))
    .execute();
}
export async function removeSchedule(db: CatalogDb, project: string, pipeline: string): Promise<void> {
  await db.deleteFrom('schedules').where('project', '=', project).where('pipeline', '=', pipeline).execute();
}
export async function pauseSchedule(
  db: CatalogDb,
  project: string,
  pipeline: string,
  paused: { readonly at: number; readonly by: string; readonly note: string | null } | null,
): Promise<void> {
  await db
    .updateTable('schedules')
    .set({ paused_at: paused?.at ?? null, paused_by: paused?.by ?? null, note: paused?.note ?? null })
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .execute();
}

/** False when another server has taken this tick, or the schedule was changed meanwhile. In the caller's transaction, with the ticks. */
export async function advanceSchedule(
  db: CatalogDb,
  { project, pipeline, nextNominal }: ScheduleRow,
  next: { readonly nominal: number | null; readonly at: number | null },
): Promise<boolean> {
  const result = await db
    .updateTable('schedules')
    .set({ next_nominal: next.nominal, next_at: next.at })
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .where('next_nominal', '=', nextNominal)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) > 0;
}

/** One that is there already stays as it is. */
export async function addTick(db: CatalogDb, project: string, tick: Tick): Promise<boolean> {
  const result = await db
    .insertInto('ticks')
    .values({
      project,
      pipeline: tick.pipeline,
      nominal: tick.nominal,
      state: tick.state,
      due_at: tick.dueAt,
      started_at: tick.startedAt,
      runs: toColumn(tick.runs),
      why: tick.why,
    })
    .onConflict((on) => on.columns(['project', 'pipeline', 'nominal']).doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
}

export async function settleTick(
  db: CatalogDb,
  project: string,
  { pipeline, nominal }: Pick<Tick, 'pipeline' | 'nominal'>,
  to: { readonly state: TickState; readonly startedAt?: number; readonly runs?: readonly string[]; readonly why?: string | null },
): Promise<void> {
  await db
    .updateTable('ticks')
    .set({
      state: to.state,
      ...(to.startedAt !== undefined && { started_at: to.startedAt }),
      ...(to.runs && { runs: toColumn(to.runs) }),
      ...(to.why !== undefined && { why: to.why }),
    })
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .where('nominal', '=', nominal)
    .where('state', '=', 'due')
    .execute();
}

export interface DuePipeline {
  readonly pipeline: string;
  /** Null: it is not applied any more. */
  readonly overlap: ScheduleDef['overlap'] | null;
}
/** Pipelines with ticks that are due and not held by a pause, those first that are due longest. */
export async function duePipelines(db: CatalogDb, project: string): Promise<DuePipeline[]> {
  const rows = await db
    .selectFrom('ticks as t')
    .leftJoin('schedules as s', (on) => on.onRef('s.project', '=', 't.project').onRef('s.pipeline', '=', 't.pipeline'))
    .select(['t.pipeline', 's.definition'])
    .where('t.project', '=', project)
    .where('t.state', '=', 'due')
    .where('s.paused_at', 'is', null)
    .groupBy(['t.pipeline', 's.definition'])
    .orderBy((eb) => eb.fn.min('t.due_at'))
    .execute();
  return rows.map(({ pipeline, definition }) => ({ pipeline, overlap: definition === null ? null : fromColumn<ScheduleDef>(definition).overlap }));
}
/** The first ones of each pipeline, in the order of their nominal times. */
export async function dueTicks(db: CatalogDb, project: string, pipelines: readonly string[], each: number): Promise<Tick[]> {
  if (pipelines.length === 0) return [];
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('ticks')
        .selectAll()
        .select((eb) =>
          eb.fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy('pipeline').orderBy('nominal'))
            .as('place'),
        )
        .where('project', '=', project)
        .where('state', '=', 'due')
        .where('pipeline', 'in', pipelines)
        .as('ranked'),
    )
    .selectAll()
    .where('place', '<=', each)
    .orderBy('nominal')
    .execute();
  return rows.map(tickOf);
}
/** Newest first. */
export async function listTicks(db: CatalogDb, project: string, pipeline: string, limit: number): Promise<Tick[]> {
  const rows = await db
    .selectFrom('ticks')
    .selectAll()
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .orderBy('nominal', 'desc')
    .limit(limit)
    .execute();
  return rows.map(tickOf);
}
/** The last of each pipeline that has any. */
export async function lastTicks(db: CatalogDb, project: string): Promise<Map<string, Tick>> {
  const rows = await db
    .selectFrom('ticks as t')
    .selectAll()
    .where('t.project', '=', project)
    .where((eb) =>
      eb(
        't.nominal',
        '=',
        eb
          .selectFrom('ticks as last')
          .select((inner) => inner.fn.max('last.nominal').as('nominal'))
          .whereRef('last.project', '=', 't.project')
          .whereRef('last.pipeline', '=', 't.pipeline'),
      ),
    )
    .execute();
  return new Map(rows.map((row) => [row.pipeline, tickOf(row)]));
}
/** Started ones since a time, for their deadlines. */
export async function startedTicks(db: CatalogDb, project: string, since: number): Promise<Tick[]> {
  const rows = await db
    .selectFrom('ticks')
    .selectAll()
    .where('project', '=', project)
    .where('state', 'in', ['started', 'due'])
    .where('nominal', '>=', since)
    .execute();
  return rows.map(tickOf);
}

/** Runs that a schedule started and that are open, by pipeline. */
export async function openScheduledRuns(db: CatalogDb, project: string, pipelines: readonly string[]): Promise<Map<string, string[]>> {
  const open = new Map<string, string[]>();
  if (pipelines.length === 0) return open;
  const rows = await db
    .selectFrom('runs')
    .select(['pipeline', 'run_id'])
    .where('project', '=', project)
    .where('pipeline', 'in', pipelines)
    .where('started_by', '=', SCHEDULE_NAME)
    .where('status', 'in', ['starting', 'running', 'paused'])
    .execute();
  for (const row of rows) (open.get(row.pipeline) ?? open.set(row.pipeline, []).get(row.pipeline))?.push(row.run_id);
  return open;
}
/** Who starts runs of schedules. */
export const SCHEDULE_NAME = 'schedule';

const scheduleOf = (row: Selectable<SchedulesTable>): ScheduleRow => ({
  project: row.project,
  pipeline: row.pipeline,
  definition: fromColumn(row.definition),
  nextNominal: row.next_nominal === null ? null : Number(row.next_nominal),
  nextAt: row.next_at === null ? null : Number(row.next_at),
  pausedAt: row.paused_at,
  pausedBy: row.paused_by,
  note: row.note,
});
const tickOf = (row: Selectable<TicksTable>): Tick => ({
  pipeline: row.pipeline,
  nominal: Number(row.nominal),
  state: row.state as TickState, // written by this file only
  dueAt: Number(row.due_at),
  startedAt: row.started_at === null ? null : Number(row.started_at),
  runs: fromColumn(row.runs),
  why: row.why,
});
