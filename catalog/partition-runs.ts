/** Runs of one pipeline by partition: which are open, and whose last one failed. For the planner. Server only. */
import { sql } from 'kysely';
import type { CatalogDb } from './catalog.ts';

/** Key -> the run that is open for it. `except`: runs of this backfill do not count. */
export async function openPartitions(db: CatalogDb, project: string, pipeline: string, except: string | null): Promise<Map<string, string>> {
  let query = db
    .selectFrom('runs')
    .select(['partition', 'run_id'])
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .where('status', 'in', ['starting', 'running', 'paused'])
    .where('partition', 'is not', null);
  if (except !== null) query = query.where((eb) => eb.or([eb('backfill', 'is', null), eb('backfill', '!=', except)]));
  return new Map((await query.execute()).map((row) => [row.partition ?? '', row.run_id]));
}

/** Key -> its last run, where that failed. */
export async function failedPartitions(
  db: CatalogDb,
  project: string,
  pipeline: string,
): Promise<Map<string, { readonly runId: string; readonly failure: string | null; readonly at: number }>> {
  const rows = await db
    .selectFrom('runs as r')
    .select(['r.partition', 'r.run_id', 'r.failure', 'r.ended_at', 'r.created_at'])
    .where('r.project', '=', project)
    .where('r.pipeline', '=', pipeline)
    .where('r.status', '=', 'failed')
    .where('r.partition', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('runs as later')
            .select(sql`1`.as('one'))
            .whereRef('later.project', '=', 'r.project')
            .whereRef('later.pipeline', '=', 'r.pipeline')
            .whereRef('later.partition', '=', 'r.partition')
            .whereRef('later.created_at', '>', 'r.created_at')
            .where('later.status', 'in', ['done', 'failed']),
        ),
      ),
    )
    .orderBy('r.created_at')
    .execute();
  return new Map(rows.map((row) => [row.partition ?? '', { runId: row.run_id, failure: row.failure, at: Number(row.ended_at ?? row.created_at) }]));
}

/** Key -> when its newest run that is done began. */
export async function donePartitions(db: CatalogDb, project: string, pipeline: string): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('runs')
    .select((eb) => ['partition', eb.fn.max('started_at').as('at')])
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .where('status', '=', 'done')
    .where('partition', 'is not', null)
    .groupBy('partition')
    .execute();
  return new Map(rows.map((row) => [row.partition ?? '', Number(row.at ?? 0)]));
}
