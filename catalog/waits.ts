/** Open waits and approvals: what runs wait for, for the watch loop and the list of gates. Rows go when their run ends. Server only. */
import type { Json } from '../dsl/plan/types.ts';
import type { OpenGate } from '../dsl/contract/api.ts';
import type { WatchCall } from '../dsl/contract/control.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { WaitsTable } from './schema.ts';

export interface WaitRow {
  readonly runId: string;
  readonly step: string;
  readonly project: string;
  readonly workflowId: string;
  readonly planHash: string;
  readonly on: WatchCall['on'];
  readonly since: number;
  readonly deadline: number;
  readonly why: string | null;
  readonly satisfiedAt: number | null;
  readonly value: Json;
  readonly sentAt: number | null;
  readonly sends: number;
}

/** Registers a wait, or takes over its new workflow and deadline after a retry. Gives the row that stands. */
export async function putWait(db: CatalogDb, call: WatchCall, at: number): Promise<WaitRow> {
  await db
    .insertInto('waits')
    .values({
      run_id: call.runId,
      step: call.step,
      project: call.project,
      workflow_id: call.workflowId,
      plan_hash: call.planHash,
      kind: call.on.kind,
      detail: toColumn(call.on),
      since: at,
      deadline: call.deadline,
      why: null,
      satisfied_at: null,
      value: null,
      sent_at: null,
      sends: 0,
    })
    .onConflict((on) =>
      on.columns(['run_id', 'step']).doUpdateSet((eb) => ({
        workflow_id: eb.ref('excluded.workflow_id'),
        plan_hash: eb.ref('excluded.plan_hash'),
        deadline: eb.ref('excluded.deadline'),
        detail: eb.ref('excluded.detail'),
      })),
    )
    .execute();
  return (await getWait(db, call.runId, call.step)) as WaitRow; // just written
}

export async function getWait(db: CatalogDb, runId: string, step: string): Promise<WaitRow | undefined> {
  const row = await db.selectFrom('waits').selectAll().where('run_id', '=', runId).where('step', '=', step).executeTakeFirst();
  return row && waitOf(row);
}

/** Waits that the server itself looks at, oldest first, those behind `after`; without those that were told `maxSends` times. */
export async function watchedWaits(
  db: CatalogDb,
  query: { readonly project: string; readonly now: number; readonly maxSends: number; readonly limit: number; readonly after?: WaitRow | undefined },
): Promise<WaitRow[]> {
  const { after } = query;
  let select = db
    .selectFrom('waits')
    .selectAll()
    .where('project', '=', query.project)
    .where('kind', 'in', ['slice', 'path'])
    .where('deadline', '>', query.now)
    .where('sends', '<', query.maxSends)
    .orderBy('since')
    .orderBy('run_id')
    .orderBy('step')
    .limit(query.limit);
  if (after)
    select = select.where((eb) =>
      eb.or([
        eb('since', '>', after.since),
        eb.and([eb('since', '=', after.since), eb('run_id', '>', after.runId)]),
        eb.and([eb('since', '=', after.since), eb('run_id', '=', after.runId), eb('step', '>', after.step)]),
      ]),
    );
  return (await select.execute()).map(waitOf);
}

export async function satisfyWait(db: CatalogDb, runId: string, step: string, value: Json, at: number): Promise<void> {
  await db
    .updateTable('waits')
    .set({ satisfied_at: at, value: toColumn(value) })
    .where('run_id', '=', runId)
    .where('step', '=', step)
    .where('satisfied_at', 'is', null)
    .execute();
}

export async function noteWait(db: CatalogDb, runId: string, step: string, note: { readonly why?: string; readonly sentAt?: number }): Promise<void> {
  if (note.why !== undefined) await db.updateTable('waits').set({ why: note.why }).where('run_id', '=', runId).where('step', '=', step).execute();
  if (note.sentAt !== undefined) {
    await db
      .updateTable('waits')
      .set((eb) => ({ sent_at: note.sentAt as number, sends: eb('sends', '+', 1) }))
      .where('run_id', '=', runId)
      .where('step', '=', step)
      .execute();
  }
}

export async function removeWait(db: CatalogDb, runId: string, step: string): Promise<void> {
  await db.deleteFrom('waits').where('run_id', '=', runId).where('step', '=', step).execute();
}

export async function removeWaits(db: CatalogDb, runId: string): Promise<void> {
  await db.deleteFrom('waits').where('run_id', '=', runId).execute();
}

/** Gates that nobody has answered yet, oldest first. */
export async function openGates(db: CatalogDb, project: string, now: number, limit: number): Promise<OpenGate[]> {
  const rows = await db
    .selectFrom('waits')
    .innerJoin('runs', 'runs.run_id', 'waits.run_id')
    .selectAll('waits')
    .select(['runs.pipeline', 'runs.partition'])
    .where('waits.project', '=', project)
    .where('waits.kind', '=', 'gate')
    .where('waits.satisfied_at', 'is', null)
    .where('waits.deadline', '>', now)
    .orderBy('waits.since')
    .limit(limit)
    .execute();
  return rows.flatMap((row) => {
    const { on, ...wait } = waitOf(row);
    if (on.kind !== 'gate') return [];
    return [
      {
        runId: wait.runId,
        pipeline: row.pipeline,
        partition: row.partition,
        step: wait.step,
        ask: on.ask,
        show: on.show,
        from: on.from,
        since: wait.since,
        deadline: wait.deadline,
      },
    ];
  });
}

const waitOf = (row: WaitsTable): WaitRow => ({
  runId: row.run_id,
  step: row.step,
  project: row.project,
  workflowId: row.workflow_id,
  planHash: row.plan_hash,
  on: fromColumn<WatchCall['on']>(row.detail),
  since: row.since,
  deadline: row.deadline,
  why: row.why,
  satisfiedAt: row.satisfied_at,
  value: row.value === null ? null : fromColumn(row.value),
  sentAt: row.sent_at,
  sends: row.sends,
});
