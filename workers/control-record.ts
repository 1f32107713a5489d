/** Control activities heddle.record and heddle.load_done: the exact history of a run, and what a retry takes over. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import { countStep } from '../api/metrics.ts';
import { notifyEnd } from '../api/notify/notify-end.ts';
import { writeRunFile } from '../api/runs/run-file.ts';
import { removeStagings } from '../api/runs/run-staging.ts';
import { noteStates } from '../catalog/note-states.ts';
import { markPublished } from '../catalog/publications.ts';
import { endRun, getRun } from '../catalog/runs.ts';
import { countSteps, listDone, writePage } from '../catalog/steps.ts';
import { addEvents } from '../catalog/triggers.ts';
import { removeWaits } from '../catalog/waits.ts';
import type { ControlActivities } from '../dsl/contract/control.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { finalFailure } from './control-failure.ts';
import { traceRun, traceStep } from './server-traces.ts';

const DONE_PAGE_BYTES = 1024 * 1024;

export const loadDone =
  (parts: ServerParts): ControlActivities['heddle.load_done'] =>
  ({ runId, cursor }) =>
    listDone(parts.catalog.db, runId, cursor, DONE_PAGE_BYTES);

/** A page counts once; the end of a run is written once, and its file in the store whenever this is asked again. */
export const record =
  (parts: ServerParts): ControlActivities['heddle.record'] =>
  async (call) => {
    const run = await getRun(parts.catalog.db, call.runId);
    if (!run)
      throw finalFailure(new HeddleError('HDL-NO-RUN', { what: `The catalog does not hold the run ${call.runId}, so its record has no place.` }), 'platform');
    if (call.final && run.endedAt === null) await removeStagings(parts, run);
    const { fresh, ended } = await parts.catalog.transaction(async (trx) => {
      const written = await writePage(trx, { runId: call.runId, retry: run.retry, page: call.page, steps: call.steps, at: Date.now() });
      const done = call.steps.filter(({ status }) => status === 'done').map(({ step, endedAt }) => ({ step, at: endedAt ?? Date.now() }));
      await noteStates(trx, run, call.steps, await markPublished(trx, call.runId, done));
      if (!call.final) return { fresh: written, ended: false };
      await removeWaits(trx, call.runId);
      const closed = await endRun(trx, call.runId, call.final, await countSteps(trx, call.runId));
      // with the end itself: a server that dies after it has still to tell of it
      if (closed) {
        await notifyEnd(parts, trx, call.runId);
        if (run.backfill === null)
          await addEvents(trx, call.project, [
            {
              kind: 'ended',
              subject: run.pipeline,
              key: run.partition,
              version: call.final.endedAt,
              detail: { status: call.final.status, runId: call.runId },
              at: call.final.endedAt,
            },
          ]);
      }
      return { fresh: written, ended: closed };
    });
    if (fresh)
      for (const step of call.steps) {
        countStep(parts.metrics, run.pipeline, step);
        traceStep(run, step);
      }
    if (!call.final) return;
    const row = await getRun(parts.catalog.db, call.runId);
    if (!row) return;
    await writeRunFile(parts, row);
    if (!ended) return;
    traceRun(row);
  };
