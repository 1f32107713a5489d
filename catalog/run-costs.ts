/** What done runs of a pipeline took: for estimates. Server only. */
import type { CatalogDb } from './catalog.ts';
import { fromColumn } from './json-column.ts';
import type { Plan } from '../dsl/plan/types.ts';

export interface RunCost {
  readonly runId: string;
  readonly ms: number;
  readonly steps: number;
  /** 'pool/class' -> ms that its steps held a slot. */
  readonly slotMs: Readonly<Record<string, number>>;
  /** Of the partitions that it published. */
  readonly bytes: number;
}

/** The newest ones that are done and ran whole. */
export async function costsOfRuns(db: CatalogDb, project: string, pipeline: string, limit: number): Promise<RunCost[]> {
  const runs = await db
    .selectFrom('runs')
    .select(['run_id', 'plan_hash', 'started_at', 'ended_at'])
    .where('project', '=', project)
    .where('pipeline', '=', pipeline)
    .where('status', '=', 'done')
    .where('reuse_of', 'is', null)
    .orderBy('run_id', 'desc')
    .limit(limit)
    .execute();
  if (runs.length === 0) return [];
  const ids = runs.map((run) => run.run_id);
  const steps = await db.selectFrom('steps').select(['run_id', 'task', 'run_ms']).where('run_id', 'in', ids).where('task', 'is not', null).execute();
  const published = await db
    .selectFrom('publications')
    .select((eb) => ['run_id', eb.fn.sum<number>('bytes').as('bytes')])
    .where('run_id', 'in', ids)
    .groupBy('run_id')
    .execute();
  const bytes = new Map(published.map((row) => [row.run_id, Number(row.bytes)]));
  const places = new Map<string, Readonly<Record<string, string>>>();
  for (const hash of new Set(runs.map((run) => run.plan_hash))) places.set(hash, await queuesIn(db, hash));
  const costs = new Map(
    runs.map((run) => [
      run.run_id,
      { runId: run.run_id, hash: run.plan_hash, ms: Number(run.ended_at ?? 0) - Number(run.started_at ?? 0), steps: 0, slotMs: {} as Record<string, number> },
    ]),
  );
  for (const { run_id: runId, task, run_ms: ms } of steps) {
    const cost = costs.get(runId);
    if (!cost) continue;
    cost.steps++;
    const place = places.get(cost.hash)?.[task ?? ''];
    if (place !== undefined) cost.slotMs[place] = (cost.slotMs[place] ?? 0) + Number(ms ?? 0);
  }
  return [...costs.values()].map(({ runId, ms, steps: count, slotMs }) => ({ runId, ms, steps: count, slotMs, bytes: bytes.get(runId) ?? 0 }));
}

/** 'name@version' -> 'pool/class' of a plan's tasks. */
async function queuesIn(db: CatalogDb, hash: string): Promise<Record<string, string>> {
  const row = await db.selectFrom('plans').select('plan').where('hash', '=', hash).executeTakeFirst();
  if (!row) return {};
  const { skeleton } = fromColumn<Plan>(row.plan);
  return Object.fromEntries(Object.entries(skeleton.tasks).map(([task, rules]) => [task, `${rules.pool}/${rules.class}`]));
}
