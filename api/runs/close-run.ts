/**
 * Closes a run whose workflow can no longer record itself: terminated, timed out or gone. Finished outputs are taken from its
 * history, the rest from what the interpreter or pushes told. Server only.
 */
import { endRun, getRun, type RunRow } from '../../catalog/runs.ts';
import { countSteps, writePage } from '../../catalog/steps.ts';
import { removeWaits } from '../../catalog/waits.ts';
import type { RunFinal, StepRecord } from '../../dsl/contract/run.ts';
import type { ErrorCode } from '../../dsl/errors/registry.ts';
import type { ServerParts } from '../server-parts.ts';
import { historyOutputs, type HistoryOutput } from './history-outputs.ts';
import { notifyEnd } from '../notify/notify-end.ts';
import { createLiveView } from './live-view.ts';
import { forEachPart } from './parts-of-run.ts';
import { isOver, runSteps } from './run-detail.ts';
import { writeRunFile } from './run-file.ts';
import { removeStagings, removeStagingsLater } from './run-staging.ts';

export async function closeRun(
  parts: ServerParts,
  run: RunRow,
  end: { readonly status: 'failed' | 'cancelled'; readonly message: string; readonly code: ErrorCode },
): Promise<void> {
  const now = Date.now();
  const steps = await lastKnownSteps(parts, run, now);
  const final: RunFinal = {
    status: end.status,
    endedAt: now,
    output: null,
    abandoned: steps.filter((step) => step.status === 'abandoned').map((step) => step.step),
    failures: [{ step: '', failure: { class: 'platform', code: end.code, message: end.message } }],
  };
  const closed = await parts.catalog.transaction(async (trx) => {
    const present = await getRun(trx, run.runId);
    if (!present || isOver(present) || present.retry !== run.retry) return false; // its own record came first
    await writePage(trx, { runId: run.runId, retry: run.retry, page: 'closed by the server', steps, at: now });
    await removeWaits(trx, run.runId);
    if (!(await endRun(trx, run.runId, final, await countSteps(trx, run.runId)))) return false;
    await notifyEnd(parts, trx, run.runId);
    await removeStagingsLater(trx, run, now);
    return true;
  });
  if (closed)
    await forEachPart(parts.temporal, run.runId, (part) => part.cancel()).catch((error: unknown) => {
      parts.log.warn({ runId: run.runId, error: String(error) }, 'parts of a closed run may go on: Temporal did not take their cancel');
    });
  const row = closed ? await getRun(parts.catalog.db, run.runId) : undefined;
  if (!row) return;
  await writeRunFile(parts, row);
  await removeStagings(parts, row);
}

async function lastKnownSteps(parts: ServerParts, run: RunRow, now: number): Promise<StepRecord[]> {
  const [page, outputs] = await Promise.all([
    runSteps(parts, createLiveView(parts.temporal), run, { limit: 5_000 }),
    historyOutputs(parts.temporal, run.workflowId),
  ]);
  const steps = page.items.map(({ observed: _observed, progress: _progress, ...step }): StepRecord => {
    const known = outputs.get(step.step);
    outputs.delete(step.step);
    if (known) return { ...step, status: 'done', waitingFor: null, ...measured(known) };
    const open =
      step.status === 'running' || step.status === 'publishing' || step.status === 'queued' || step.status === 'retrying' || step.status === 'waiting';
    return open ? { ...step, status: 'abandoned', endedAt: now } : step;
  });
  for (const [step, known] of outputs) {
    steps.push({
      step,
      kind: 'task',
      task: null,
      status: 'done',
      waitingFor: null,
      queuedAt: null,
      startedAt: null,
      endedAt: null,
      attempts: 1,
      failure: null,
      version: null,
      worker: null,
      runMs: null,
      waitMs: 0,
      output: null,
      meta: null,
      ...measured(known),
    });
  }
  return steps;
}

const measured = ({ output, meta }: HistoryOutput): Partial<StepRecord> => ({
  output,
  meta,
  ...(meta && { startedAt: meta.startedAt, endedAt: meta.startedAt + meta.ms, attempts: meta.attempt, worker: meta.worker, runMs: meta.ms }),
});
