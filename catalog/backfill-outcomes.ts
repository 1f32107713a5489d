/** How the cells of a backfill ended, and the histories of those that ran in a page's workflow, written many at once. Server only. */
import type { BackfillRules, CellOutcome, RecordCellsCall } from '../dsl/contract/backfill.ts';
import type { StepRecord } from '../dsl/contract/run.ts';
import type { Selectable } from 'kysely';
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { BackfillOutcomesTable, RunsTable } from './schema.ts';
import { attemptRow, stepRow } from './steps.ts';

/** Those that had an outcome before are left out of the counts. Gives the new ones. In the caller's transaction. */
export async function writeOutcomes(db: CatalogDb, backfill: string, page: number, outcomes: readonly CellOutcome[]): Promise<readonly CellOutcome[]> {
  if (outcomes.length === 0) return [];
  const known = new Set(
    (
      await db
        .selectFrom('backfill_outcomes')
        .select('cell')
        .where('backfill', '=', backfill)
        .where(
          'cell',
          'in',
          outcomes.map(({ cell }) => cell),
        )
        .execute()
    ).map(({ cell }) => cell),
  );
  const fresh = outcomes.filter(({ cell }) => !known.has(cell));
  await inChunks(fresh, (some) =>
    db
      .insertInto('backfill_outcomes')
      .values(
        some.map((one) => ({
          backfill,
          cell: one.cell,
          status: one.status,
          run_id: one.runId,
          failure: one.failure && toColumn(one.failure),
          started_at: one.startedAt,
          ended_at: one.endedAt,
          slot_ms: Object.keys(one.slotMs).length > 0 ? toColumn(one.slotMs) : null,
        })),
      )
      .execute(),
  );
  await db
    .updateTable('backfill_pages')
    .set((eb) => ({ ended: eb('ended', '+', fresh.length) }))
    .where('backfill', '=', backfill)
    .where('page', '=', page)
    .execute();
  const count = (status: CellOutcome['status']): number => fresh.filter((one) => one.status === status).length;
  const slots = fresh.reduce((sum, one) => sum + Object.values(one.slotMs).reduce((all, ms) => all + ms, 0), 0);
  const row = await db.selectFrom('backfills').select('in_a_row').where('id', '=', backfill).executeTakeFirst();
  let inARow = row?.in_a_row ?? 0;
  for (const { status } of fresh) inARow = status === 'failed' ? inARow + 1 : status === 'done' ? 0 : inARow;
  await db
    .updateTable('backfills')
    .set((eb) => ({
      done: eb('done', '+', count('done')),
      failed: eb('failed', '+', count('failed')),
      cancelled: eb('cancelled', '+', count('cancelled')),
      blocked: eb('blocked', '+', count('blocked')),
      slot_ms: eb('slot_ms', '+', Math.round(slots)),
      in_a_row: inARow,
    }))
    .where('id', '=', backfill)
    .execute();
  return fresh;
}

interface Spent {
  readonly ended: number;
  readonly failed: number;
  readonly slotMs: number;
  /** ms since the epoch. */
  readonly at: number;
}

/** Why the backfill is to stop, by its budgets and its breaker; what was spent before it was last resumed does not count. */
export async function spentReason(db: CatalogDb, backfill: string, { budget, breaker }: BackfillRules, now: number): Promise<string | null> {
  const row = await db.selectFrom('backfills').selectAll().where('id', '=', backfill).executeTakeFirst();
  if (!row) return null;
  const since: Spent = row.since === null ? { ended: 0, failed: 0, slotMs: 0, at: row.started_at ?? now } : fromColumn<Spent>(row.since);
  const ended = row.done + row.failed - since.ended;
  const failed = row.failed - since.failed;
  if (breaker.inARow !== null && row.in_a_row >= breaker.inARow) return `${row.in_a_row} cells failed in a row`;
  if (breaker.share !== null && ended >= LEAST_ENDED && failed / ended >= breaker.share) return `${failed} of ${ended} cells failed`;
  if (budget.runs !== undefined && ended >= budget.runs) return `the budget of ${budget.runs} runs is spent`;
  if (budget.wallMs !== undefined && now - since.at >= budget.wallMs) return 'the budget of time is spent';
  if (budget.slotMs !== undefined && Number(row.slot_ms) - since.slotMs >= budget.slotMs) return 'the budget of slot-hours is spent';
  return null;
}
/** A share of fewer says little. */
const LEAST_ENDED = 20;

/** Budgets and breaker begin anew. */
export async function beginSpending(db: CatalogDb, backfill: string, now: number): Promise<void> {
  const row = await db.selectFrom('backfills').selectAll().where('id', '=', backfill).executeTakeFirst();
  if (!row) return;
  const since: Spent = { ended: row.done + row.failed, failed: row.failed, slotMs: Number(row.slot_ms), at: now };
  await db
    .updateTable('backfills')
    .set({ since: toColumn(since), in_a_row: 0 })
    .where('id', '=', backfill)
    .execute();
}

export async function outcomesOfCells(db: CatalogDb, backfill: string, cells: readonly number[]): Promise<Map<number, CellOutcome['status']>> {
  const found = new Map<number, CellOutcome['status']>();
  await inChunks(cells, async (some) => {
    const rows = await db.selectFrom('backfill_outcomes').select(['cell', 'status']).where('backfill', '=', backfill).where('cell', 'in', some).execute();
    for (const row of rows) found.set(row.cell, row.status as CellOutcome['status']); // written above
  });
  return found;
}

/** In the order of their numbers. */
export async function listOutcomes(
  db: CatalogDb,
  backfill: string,
  query: { readonly statuses: readonly CellOutcome['status'][]; readonly after: number; readonly limit: number },
): Promise<CellOutcome[]> {
  const rows = await db
    .selectFrom('backfill_outcomes')
    .selectAll()
    .where('backfill', '=', backfill)
    .where('status', 'in', query.statuses)
    .where('cell', '>', query.after)
    .orderBy('cell')
    .limit(query.limit)
    .execute();
  return rows.map(outcomeOf);
}

const outcomeOf = (row: Selectable<BackfillOutcomesTable>): CellOutcome => ({
  cell: row.cell,
  status: row.status as CellOutcome['status'], // written above
  runId: row.run_id,
  failure: row.failure === null ? null : fromColumn(row.failure),
  startedAt: row.started_at,
  endedAt: row.ended_at,
  slotMs: row.slot_ms === null ? {} : fromColumn(row.slot_ms),
});

type History = RecordCellsCall['histories'][number];

/** Ends runs that are open with all that they did. Gives those that were ended by this. In the caller's transaction. */
export async function endRuns(
  db: CatalogDb,
  histories: readonly History[],
  startedAt: ReadonlyMap<string, number | null>,
  at: number,
): Promise<ReadonlySet<string>> {
  const rows: Selectable<RunsTable>[] = [];
  await inChunks(histories, async (some) => {
    rows.push(
      ...(await db
        .selectFrom('runs')
        .selectAll()
        .where(
          'run_id',
          'in',
          some.map(({ runId }) => runId),
        )
        .where('status', 'in', ['starting', 'running', 'paused'])
        .execute()),
    );
  });
  const open = new Map(rows.map((row) => [row.run_id, row]));
  const fresh = histories.filter(({ runId }) => open.has(runId));
  if (fresh.length === 0) return new Set();
  const retryOf = (runId: string): number => open.get(runId)?.retry ?? 0;
  await inChunks(fresh, (some) =>
    db
      .insertInto('run_pages')
      .values(some.map(({ runId }) => ({ run_id: runId, retry: retryOf(runId), page: 'cell', at })))
      .onConflict((on) => on.doNothing())
      .execute(),
  );
  const again = fresh.filter(({ runId }) => retryOf(runId) > 0).map(({ runId }) => runId);
  const kept = await stepsOf(db, again);
  const steps = fresh.flatMap(({ runId, steps: own }) =>
    own.filter(({ step }) => !kept.get(runId)?.done.has(step)).map((step, i) => stepRow(runId, (kept.get(runId)?.last ?? 0) + i + 1, step)),
  );
  if (again.length > 0) await inChunks(again, (some) => db.deleteFrom('steps').where('run_id', 'in', some).where('status', '!=', 'done').execute());
  await inChunks(steps, (some) => db.insertInto('steps').values(some).execute());
  await inChunks(
    fresh.flatMap(({ runId, steps: own }) => own.flatMap((step) => attemptRow(runId, retryOf(runId), step))),
    (some) =>
      db
        .insertInto('attempts')
        .values(some)
        .onConflict((on) => on.doNothing())
        .execute(),
  );
  const ended = fresh.map(({ runId, steps: own, final }) => {
    const row = open.get(runId) as Selectable<RunsTable>; // fresh ones are in it
    const first = final.failures[0];
    return {
      ...row,
      status: final.status,
      started_at: row.started_at ?? startedAt.get(runId) ?? row.created_at,
      ended_at: final.endedAt,
      touched_at: final.endedAt,
      counts: toColumn(countsOf(own, kept.get(runId)?.done.size ?? 0)),
      output: toColumn(final.output),
      failure: first ? `${first.step === '' ? '' : `${first.step}: `}${first.failure.message.split('\n', 1)[0] ?? ''}` : null,
      failures: toColumn(final.failures),
      abandoned: toColumn(final.abandoned),
    };
  });
  await inChunks(ended, (some) =>
    db
      .insertInto('runs')
      .values(some)
      .onConflict((on) =>
        on.column('run_id').doUpdateSet((eb) => ({
          status: eb.ref('excluded.status'),
          started_at: eb.ref('excluded.started_at'),
          ended_at: eb.ref('excluded.ended_at'),
          touched_at: eb.ref('excluded.touched_at'),
          counts: eb.ref('excluded.counts'),
          output: eb.ref('excluded.output'),
          failure: eb.ref('excluded.failure'),
          failures: eb.ref('excluded.failures'),
          abandoned: eb.ref('excluded.abandoned'),
        })),
      )
      .execute(),
  );
  return new Set(fresh.map(({ runId }) => runId));
}

/** Steps that tries before have left as done, and the last place in the order. */
async function stepsOf(db: CatalogDb, runs: readonly string[]): Promise<Map<string, { readonly done: Set<string>; last: number }>> {
  const found = new Map<string, { readonly done: Set<string>; last: number }>();
  await inChunks(runs, async (some) => {
    for (const row of await db.selectFrom('steps').select(['run_id', 'step', 'seq', 'status']).where('run_id', 'in', some).execute()) {
      const own = found.get(row.run_id) ?? { done: new Set<string>(), last: 0 };
      found.set(row.run_id, own);
      own.last = Math.max(own.last, row.seq);
      if (row.status === 'done') own.done.add(row.step);
    }
  });
  return found;
}

function countsOf(steps: readonly StepRecord[], before: number): Record<string, number> {
  const counts: Record<string, number> = before > 0 ? { done: before } : {};
  for (const { status } of steps) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
