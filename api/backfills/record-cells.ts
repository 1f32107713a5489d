/** Writes how cells of a backfill ended, with the histories of those that ran in their page. Server only. */
import { endRuns, spentReason, writeOutcomes } from '../../catalog/backfill-outcomes.ts';
import { noteStates } from '../../catalog/note-states.ts';
import { markPublished } from '../../catalog/publications.ts';
import type { RunsFile } from '../../catalog/rebuild.ts';
import { getRuns } from '../../catalog/runs.ts';
import type { RecordCellsCall, RecordCellsResult } from '../../dsl/contract/backfill.ts';
import { countStep } from '../metrics.ts';
import { removeStagings } from '../runs/run-staging.ts';
import type { ServerParts } from '../server-parts.ts';
import { requireBackfill } from './plan-backfill.ts';

export async function recordCells(parts: ServerParts, call: RecordCellsCall): Promise<RecordCellsResult> {
  const backfill = await requireBackfill(parts, call.backfill);
  const now = Date.now();
  const started = new Map(call.outcomes.flatMap(({ runId, startedAt }) => (runId === null ? [] : [[runId, startedAt] as const])));
  const ended = await parts.catalog.transaction(async (trx) => {
    const fresh = await endRuns(trx, call.histories, started, now);
    for (const { runId, steps } of call.histories) {
      if (!fresh.has(runId)) continue;
      const done = steps.filter(({ status, meta }) => status === 'done' && meta !== null);
      const published = await markPublished(
        trx,
        runId,
        done.map(({ step, endedAt }) => ({ step, at: endedAt ?? now })),
      );
      if (published.length > 0)
        await noteStates(trx, { runId, project: call.project, createdAt: started.get(runId) ?? now, backfill: call.backfill }, steps, published);
    }
    await writeOutcomes(trx, call.backfill, call.page, call.outcomes);
    return fresh;
  });
  const rows = await getRuns(parts.catalog.db, [...ended]);
  const steps = new Map(call.histories.map((history) => [history.runId, history.steps]));
  for (const row of rows) {
    for (const step of steps.get(row.runId) ?? []) countStep(parts.metrics, row.pipeline, step);
    if (row.status !== 'done') await removeStagings(parts, row);
  }
  if (rows.length > 0) {
    const file: RunsFile = { format: 1, runs: rows.map((run) => ({ run, steps: steps.get(run.runId) ?? [] })) };
    await parts.store.write(`store://runs/${call.backfill}.${call.page}.${call.part.replace('/', '.')}.json`, Buffer.from(JSON.stringify(file)));
  }
  return { pause: await spentReason(parts.catalog.db, call.backfill, backfill.spec.run, now) };
}
