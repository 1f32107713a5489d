/**
 * The watch loop: looks at what runs wait for, and tells the workflow when it is there. A signal is durable once Temporal took
 * it; it is sent again with growing pauses while the wait's row stands, because a second one does no harm. Server only.
 */
import { WorkflowNotFoundError } from '@temporalio/common';
import { isUnavailable } from '../api/runs/start-workflow.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { noteWait, watchedWaits, type WaitRow } from '../catalog/waits.ts';
import { messages, type SatisfiedSignal } from '../dsl/contract/run.ts';
import { lookAt } from './control-watch.ts';
import { startLoop, type Loop } from './server-loop.ts';

const BATCH = 500;
/** The other waits are looked at after it. */
const PATIENCE_MS = 5_000;
/** Pauses before the next sending, by the number of sendings. After the last it is left alone. */
const RESEND_MS = [0, 10_000, 60_000, 600_000];

export const startWatches = (parts: ServerParts, everyMs = 1_000): Loop => startLoop('watches', everyMs, parts.log, () => watchPass(parts, Date.now()));

/** One look at every open wait of a slice or a path. */
export async function watchPass(
  parts: ServerParts,
  now: number,
  { limit = BATCH, patienceMs = PATIENCE_MS }: { readonly limit?: number; readonly patienceMs?: number } = {},
): Promise<void> {
  const query = { project: parts.config.project, now, maxSends: RESEND_MS.length, limit };
  for (let after: WaitRow | undefined; ;) {
    const waits = await watchedWaits(parts.catalog.db, { ...query, after });
    for (const wait of waits) await lookAWhile(parts, wait, now, patienceMs);
    if (waits.length < limit) return;
    after = waits.at(-1);
  }
}

/** Looks under way, by server and wait: one at a time of each. */
const underWay = new WeakMap<ServerParts, Set<string>>();

/** A look that takes long (another system's large partition has come, and its checksums are made) goes on by itself. */
async function lookAWhile(parts: ServerParts, wait: WaitRow, now: number, patienceMs: number): Promise<void> {
  const looks = underWay.get(parts) ?? new Set();
  underWay.set(parts, looks);
  const id = `${wait.runId} ${wait.step}`;
  if (looks.has(id)) return;
  looks.add(id);
  const done = look(parts, wait, now)
    .catch((error: unknown) => parts.log.warn({ runId: wait.runId, step: wait.step, error: String(error) }, 'a wait could not be looked at'))
    .finally(() => looks.delete(id));
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => void (timer = setTimeout(resolve, patienceMs)));
  await Promise.race([done, patience]);
  clearTimeout(timer);
}

async function look(parts: ServerParts, wait: WaitRow, now: number): Promise<void> {
  if (wait.satisfiedAt === null ? !isDue(wait, now) : now - (wait.sentAt ?? 0) < (RESEND_MS[wait.sends] ?? 0)) return;
  const result = await lookAt(parts, wait);
  if (result.state === 'satisfied') await tell(parts, wait, { step: wait.step, value: result.value }, now);
}

/** Each second in the first ten minutes, then every tenth second: long waits are for partitions that come hours later. */
const isDue = (wait: WaitRow, now: number): boolean => now - wait.since < 600_000 || Math.floor(now / 1000) % 10 === 0;

async function tell(parts: ServerParts, wait: WaitRow, signal: SatisfiedSignal, now: number): Promise<void> {
  try {
    await parts.temporal.withDeadline(Date.now() + 5_000, () =>
      parts.temporal.workflow.getHandle(wait.workflowId).signal<[SatisfiedSignal]>(messages.satisfied, signal),
    );
  } catch (error) {
    if (isUnavailable(error)) return; // the next pass tries again
    if (!(error instanceof WorkflowNotFoundError)) throw error; // a workflow that ended waits no longer
  }
  await noteWait(parts.catalog.db, wait.runId, wait.step, { sentAt: now });
}
