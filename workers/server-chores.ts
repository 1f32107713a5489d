/**
 * The chores of the catalog: sends webhooks, removes what runs that were ended by force had staged. Each is tried again with
 * growing pauses and given up after a day, with its reason in the catalog and in the log. Server only.
 */
import type { Sender } from '../api/notify/webhook.ts';
import { isOver } from '../api/runs/run-detail.ts';
import { removeStaged, STAGING_PAUSES_MS } from '../api/runs/run-staging.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { claimChores, finishChore, postponeChore, type Chore } from '../catalog/chores.ts';
import { getRun } from '../catalog/runs.ts';
import type { JsonObject } from '../dsl/plan/types.ts';
import { startLoop, type Loop } from './server-loop.ts';

const AT_ONCE = 20;
/** Longer than any chore takes: a server that dies at one leaves it for this long. */
const CLAIM_MS = 60_000;
const MINUTE = 60_000;
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE, 360 * MINUTE, 720 * MINUTE];

export const startChores = (parts: ServerParts, send: Sender | null, everyMs = 500): Loop =>
  startLoop('chores', everyMs, parts.log, () => choresPass(parts, send, Date.now()));

/** Does what is due. */
export async function choresPass(parts: ServerParts, send: Sender | null, now: number): Promise<void> {
  const { db } = parts.catalog;
  const due = await claimChores(db, { project: parts.config.project, now, until: now + CLAIM_MS, limit: AT_ONCE });
  await Promise.all(
    due.map(async (chore) => {
      try {
        const again = await (chore.kind === 'webhook' ? deliver(chore, send) : tidy(parts, chore, now));
        if (again === null) await finishChore(db, chore.id, now, null);
        else await postponeChore(db, chore.id, now + again, null);
      } catch (error) {
        const failure = error instanceof Error ? (error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message) : String(error);
        const pause = PAUSES_MS[chore.tries - 1];
        if (pause !== undefined) return postponeChore(db, chore.id, now + pause, failure);
        parts.log.warn({ chore: chore.id, error: failure }, 'it was given up');
        await finishChore(db, chore.id, now, failure);
      }
    }),
  );
}

/** null: nothing more to do, else when to look again. */
async function deliver(chore: Chore, send: Sender | null): Promise<number | null> {
  if (!send) throw new Error('no webhook is configured any more');
  await send(chore.detail);
  return null;
}

async function tidy(parts: ServerParts, chore: Chore, now: number): Promise<number | null> {
  const { runId, retry } = chore.detail as JsonObject; // written by removeStagingsLater
  const run = await getRun(parts.catalog.db, String(runId));
  if (!run || run.retry !== retry || !isOver(run)) return null; // a retry stages anew, and tidies up at its own end
  await removeStaged(parts, run);
  const next = STAGING_PAUSES_MS.find((pause) => chore.createdAt + pause > now);
  return next === undefined ? null : chore.createdAt + next - now;
}
