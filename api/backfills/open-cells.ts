/** Opens a page of a backfill: makes the runs of its cells, and tells those that cannot run any more. Server only. */
import { addRuns, getRuns, reopenRun, type NewRun, type RunRow } from '../../catalog/runs.ts';
import { getPage } from '../../catalog/backfills.ts';
import { outcomesOfCells, writeOutcomes } from '../../catalog/backfill-outcomes.ts';
import { childRunId } from '../../catalog/ids.ts';
import { getPlan } from '../../catalog/plans.ts';
import { parseKey, partitionScope } from '../../calendar/partition-scope.ts';
import type { CellOutcome, OpenCellsCall, OpenedCell, OpenedPage } from '../../dsl/contract/backfill.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { offsetsIn } from '../../dsl/plan/partition-path.ts';
import { neighbourDepth } from '../runs/check-partition.ts';
import { checkParams } from '../runs/check-params.ts';
import { isOver } from '../runs/run-detail.ts';
import { workflowIdFor } from '../runs/workflow-id.ts';
import type { ServerParts } from '../server-parts.ts';
import { isInline } from './inline-plan.ts';
import { requireBackfill } from './plan-backfill.ts';

/** A larger skeleton is loaded by each child workflow itself. */
const SKELETON_BYTES = 64 * 1024;

export async function openCells(parts: ServerParts, call: OpenCellsCall): Promise<OpenedPage> {
  const { db } = parts.catalog;
  const backfill = await requireBackfill(parts, call.backfill);
  const page = await getPage(db, call.backfill, call.page);
  const plan = page && (await getPlan(db, page.planHash));
  if (!page || !plan) throw new HeddleError('HDL-NO-PLAN', { what: `Page ${call.page} of backfill ${call.backfill}, or its plan, is not in the catalog.` });
  const mode = isInline(plan.skeleton) ? 'inline' : 'child';
  const dimensions = plan.contracts.partitions ?? {};
  const skeleton = plan.skeleton as unknown as Json; // a plan is plain JSON
  const [depth, offsets] = [neighbourDepth(skeleton), offsetsIn(skeleton)];
  const params = page.pipeline === backfill.pipeline ? backfill.spec.params : checkParams(plan, {});
  const known = await outcomesOfCells(
    db,
    call.backfill,
    page.cells.flatMap(({ cell, needs }) => [cell, ...needs]),
  );
  const own = new Set(page.cells.map(({ cell }) => cell));
  const blocked: CellOutcome[] = [];
  const open: { readonly run: NewRun; readonly cell: Omit<OpenedCell, 'runId' | 'workflowId'> }[] = [];
  for (const { cell, key, needs } of page.cells) {
    if (known.has(cell)) continue;
    const lost = needs.find((need) => (known.has(need) ? known.get(need) !== 'done' : !own.has(need)));
    if (lost !== undefined) {
      blocked.push({ cell, status: 'blocked', runId: null, failure: null, startedAt: null, endedAt: Date.now(), slotMs: {} });
      known.set(cell, 'blocked');
      continue;
    }
    const scope = partitionScope(dimensions, parseKey(dimensions, key), depth, offsets);
    const runId = childRunId(call.backfill, `cell ${cell}`);
    open.push({
      cell: { cell, partition: scope, needs: needs.filter((need) => own.has(need) && known.get(need) !== 'done') },
      run: {
        runId,
        project: call.project,
        pipeline: page.pipeline,
        partition: scope.key,
        scope,
        planHash: page.planHash,
        params,
        startedBy: backfill.createdBy,
        createdAt: Date.now(),
        workflowId: mode === 'inline' ? call.workflowId : workflowIdFor(call.project, page.pipeline, scope.key, runId),
        parent: null,
        called: true, // the page starts it, not the server
        backfill: call.backfill,
      },
    });
  }
  await parts.catalog.transaction(async (trx) => {
    await writeOutcomes(trx, call.backfill, call.page, blocked);
    await addRuns(
      trx,
      open.map(({ run }) => run),
    );
  });
  const rows = new Map(
    (
      await getRuns(
        db,
        open.map(({ run }) => run.runId),
      )
    ).map((row) => [row.runId, row]),
  );
  const cells: OpenedCell[] = [];
  const done: CellOutcome[] = [];
  for (const { run, cell } of open) {
    const row = rows.get(run.runId);
    if (row?.status === 'done') {
      // the page was lost between the run's end and the part that tells of it
      done.push({ cell: cell.cell, status: 'done', runId: row.runId, failure: null, startedAt: row.startedAt, endedAt: row.endedAt, slotMs: {} });
      continue;
    }
    const retryOf = row ? await retryNumber(parts, row) : undefined;
    cells.push({ ...cell, runId: run.runId, workflowId: row?.workflowId ?? run.workflowId, ...(retryOf !== undefined && { retryOf }) });
  }
  if (done.length > 0) await parts.catalog.transaction((trx) => writeOutcomes(trx, call.backfill, call.page, done));
  const small = Buffer.byteLength(JSON.stringify(plan.skeleton)) <= SKELETON_BYTES;
  return { pipeline: page.pipeline, planHash: page.planHash, mode, ...(small && { skeleton: plan.skeleton }), params, cells };
}

/** Of a run that an earlier execution of the page has ended without an outcome: what it has done stays done. */
async function retryNumber(parts: ServerParts, row: RunRow): Promise<number | undefined> {
  if (isOver(row)) return reopenRun(parts.catalog.db, row.runId, row.planHash, Date.now());
  return row.retry > 0 ? row.retry : undefined;
}
