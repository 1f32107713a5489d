/** Removes what has aged: pushed events and logs each hour; stored logs, results and finished chores once a day. Server only. */
import { join } from 'node:path';
import { createLogFiles } from '../api/logs/log-files.ts';
import { pruneLogs } from '../api/logs/prune-logs.ts';
import { pruneResults } from '../api/runs/prune-results.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { pruneChores } from '../catalog/chores.ts';
import { pruneEvents } from '../catalog/step-events.ts';
import { forgetWorkers } from '../catalog/workers.ts';
import { startLoop, type Loop } from './server-loop.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP_EVENTS_MS = 3 * DAY;
const KEEP_LOGS_MS = 30 * DAY;
const KEEP_CHORES_MS = 30 * DAY;
/** Nobody has asked for that input for long. */
const KEEP_RESULTS_MS = 90 * DAY;

export function startPruning(parts: ServerParts): Loop {
  let hourly = 0;
  // a server that has just started has better things to do than to walk through the store
  let daily = Date.now() - DAY + HOUR / 4;
  return startLoop('pruning', 60_000, parts.log, async () => {
    const now = Date.now();
    if (now - hourly >= HOUR) {
      hourly = now;
      await pruneEvents(parts.catalog.db, now - KEEP_EVENTS_MS);
      await forgetWorkers(parts.catalog.db, now - KEEP_EVENTS_MS);
      await createLogFiles(join(parts.config.stateFolder, 'logs')).prune(now - KEEP_LOGS_MS);
    }
    if (now - daily >= DAY) {
      daily = now;
      await pruneChores(parts.catalog.db, now - KEEP_CHORES_MS);
      await pruneLogs(parts.store, now - (parts.config.retention?.logsMs ?? KEEP_LOGS_MS));
      await pruneResults(parts.store, now - KEEP_RESULTS_MS);
    }
  });
}
