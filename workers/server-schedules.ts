/** The loop that ticks: each second, what is due of schedules and triggers; each half minute, what is overdue. Server only. */
import { alertPass } from '../api/schedules/alert-pass.ts';
import { schedulePass } from '../api/schedules/schedule-pass.ts';
import { Triggers } from '../api/triggers/trigger-pass.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { startLoop, type Loop } from './server-loop.ts';

const ALERTS_MS = 30_000;

export function startSchedules(parts: ServerParts, everyMs = 1_000): Loop {
  let looked = 0;
  const triggers = new Triggers(parts);
  return startLoop('schedules', everyMs, parts.log, async () => {
    const now = Date.now();
    await schedulePass(parts, now);
    await triggers.pass(now);
    if (now - looked < ALERTS_MS) return;
    looked = now;
    await alertPass(parts, now);
  });
}
