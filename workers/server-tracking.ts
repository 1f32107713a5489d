/** The loop that empties the tracking outbox in the store into the project's tracker, in order. Server only. */
import { mlflowTracker, type Tracker } from '../activities/tracking/mlflow.ts';
import { TrackerAway, TrackerRefused } from '../activities/tracking/mlflow-http.ts';
import { OUTBOX, REFUSED, type TrackedBatch } from '../activities/tracking/tracked.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import { nameOfUri } from '../storage/uri.ts';
import { startLoop, type Loop } from './server-loop.ts';

const EVERY_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
const BATCH = 200;
/** A batch that a tracker which answers others breaks on is put aside after so many tries. */
const MOST_TRIES = 10;

/** null where the project has no tracker. */
export function startTracking(parts: ServerParts): Loop | null {
  const { tracking } = parts.config;
  if (!tracking) return null;
  const { url, experiment, tokenEnv } = tracking.mlflow;
  const tracker = mlflowTracker({ url, experiment, token: tokenEnv === null ? undefined : process.env[tokenEnv], read: (uri) => parts.store.read(uri) });
  const tries = new Map<string, number>();
  let next = 0;
  let pause = EVERY_MS;
  return startLoop('tracking', EVERY_MS, parts.log, async () => {
    if (Date.now() < next) return;
    pause = (await trackingPass(parts, tracker, tries)) ? EVERY_MS : Math.min(LONGEST_PAUSE_MS, pause * 2);
    next = Date.now() + pause;
  });
}

/** False: the tracker is away and there is more. What it refuses is put aside with the reason, and the rest goes on. */
export async function trackingPass(parts: Pick<ServerParts, 'store' | 'log'>, tracker: Tracker, tries: Map<string, number>): Promise<boolean> {
  const { store, log } = parts;
  const files = (await store.list(OUTBOX)).filter((entry) => !entry.folder && entry.uri.endsWith('.json'));
  files.sort((a, b) => (nameOfUri(a.uri) < nameOfUri(b.uri) ? -1 : 1));
  for (const { uri } of files.slice(0, BATCH)) {
    const bytes = await store.read(uri);
    try {
      await tracker.deliver(JSON.parse(Buffer.from(bytes).toString('utf8')) as TrackedBatch); // written by outboxFile's users
    } catch (error) {
      const count = (tries.get(uri) ?? 0) + 1;
      const away = error instanceof TrackerAway && count < MOST_TRIES;
      if (away) {
        tries.set(uri, count);
        log.warn({ why: error.message, tries: count }, 'the tracker does not take what was tracked; it is kept and sent again');
        return false;
      }
      if (error instanceof TrackerAway && !(await answersOthers(tracker))) return false;
      if (!(error instanceof TrackerAway) && !(error instanceof TrackerRefused) && !isHeddleError(error) && !(error instanceof SyntaxError)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ file: nameOfUri(uri), why }, 'the tracker refused something that was tracked; it is put aside');
      await store.write(`${REFUSED}/${nameOfUri(uri)}`, Buffer.from(JSON.stringify({ why, batch: Buffer.from(bytes).toString('utf8') })));
    }
    tries.delete(uri);
    await store.remove(uri);
  }
  return true;
}

/** An end of a run that nobody has is nothing to a tracker that is there. */
async function answersOthers(tracker: Tracker): Promise<boolean> {
  try {
    await tracker.deliver({
      format: 1,
      from: { runId: 'heddle-probe', pipeline: '', partition: null, step: '' },
      entries: [{ kind: 'end', status: 'done', at: 0 }],
    });
    return true;
  } catch {
    return false;
  }
}
