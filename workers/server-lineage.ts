/**
 * The loop that writes down what ended runs read and made, and tells OpenLineage. It stands beside the work: a run never waits
 * for it, and what it missed while the server was down it makes up for. Server only.
 */
import { openLineageEvent, eventTypeOf } from '../api/lineage/open-lineage.ts';
import { recordLineage } from '../api/lineage/record-lineage.ts';
import { sendEvents } from '../api/lineage/send-events.ts';
import { track } from '../api/models/track.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { runsWithoutLineage } from '../catalog/lineage.ts';
import type { LineageFact } from '../catalog/lineage.ts';
import { pruneOutbox, putOutbox, runsWithoutStart } from '../catalog/outbox.ts';
import { getPlan } from '../catalog/plans.ts';
import { getRun } from '../catalog/runs.ts';
import { startLoop, type Loop } from './server-loop.ts';

const BATCH = 50;
/** Runs that began before that are not announced any more. */
const ANNOUNCE_MS = 24 * 3_600_000;
const KEEP_MS = 7 * 24 * 3_600_000;
const LONGEST_PAUSE_MS = 60_000;

export function startLineage(parts: ServerParts, everyMs = 1_000): Loop {
  let next = 0;
  let pause = everyMs;
  let pruned = 0;
  return startLoop('lineage', everyMs, parts.log, async () => {
    await lineagePass(parts);
    const now = Date.now();
    if (now >= next) {
      pause = (await sendEvents(parts)) ? everyMs : Math.min(LONGEST_PAUSE_MS, pause * 2);
      next = now + pause;
    }
    if (now - pruned < 3_600_000) return;
    pruned = now;
    await pruneOutbox(parts.catalog.db, now - KEEP_MS);
  });
}

/** Once over all that has begun or ended since the pass before. */
export async function lineagePass(parts: ServerParts): Promise<void> {
  const { config, catalog, log } = parts;
  if (config.lineage) {
    const begun = await runsWithoutStart(catalog.db, config.project, Date.now() - ANNOUNCE_MS, BATCH);
    for (const runId of begun) await announce(parts, runId, true, []);
  }
  for (const runId of await runsWithoutLineage(catalog.db, config.project, BATCH)) {
    try {
      const facts = await recordLineage(parts, runId);
      await tellTracker(parts, runId);
      if (config.lineage) await announce(parts, runId, false, facts);
    } catch (error) {
      log.warn({ runId, error: String(error) }, 'the lineage of a run could not be written; the next pass tries again');
    }
  }
}

/** A run that has ended has ended there too, if it ever said a word. */
async function tellTracker(parts: ServerParts, runId: string): Promise<void> {
  const run = parts.config.tracking ? await getRun(parts.catalog.db, runId) : undefined;
  if (run?.status !== 'done' && run?.status !== 'failed' && run?.status !== 'cancelled') return;
  const from = { runId, pipeline: run.pipeline, partition: run.partition, step: '' };
  await track(parts, { from, entries: [{ kind: 'end', status: run.status, at: run.endedAt ?? Date.now() }] });
}

async function announce(parts: ServerParts, runId: string, begins: boolean, facts: readonly LineageFact[]): Promise<void> {
  const { config, catalog, store } = parts;
  const run = await getRun(catalog.db, runId);
  if (!run || !config.lineage) return;
  const type = begins ? 'START' : eventTypeOf(run.status);
  const at = begins ? (run.retry === 0 ? (run.startedAt ?? run.createdAt) : run.touchedAt) : (run.endedAt ?? Date.now());
  const plan = await getPlan(catalog.db, run.planHash);
  const event = openLineageEvent(run, type, at, facts, { namespace: config.lineage.namespace, plan, resolve: (uri) => store.resolve(uri) });
  const id = `openlineage/${run.runId}/${run.retry}/${begins ? 'START' : 'END'}`;
  const seq = `${String(at).padStart(15, '0')}-${begins ? 0 : 1}-${run.runId}`;
  await putOutbox(catalog.db, { id, project: config.project, target: 'openlineage', seq, body: JSON.stringify(event) }, Date.now());
}
