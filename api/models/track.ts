/** Tells the project's tracker about versions, aliases and ends of runs, through the outbox in the store. Never fails what it tells of. Server only. */
import { outboxFile } from '../../activities/tracking/step-tracker.ts';
import type { TrackedBatch } from '../../activities/tracking/tracked.ts';
import type { ServerParts } from '../server-parts.ts';

export async function track({ config, store, log }: Pick<ServerParts, 'config' | 'store' | 'log'>, batch: Omit<TrackedBatch, 'format'>): Promise<void> {
  if (!config.tracking) return;
  try {
    await store.write(outboxFile(Date.now(), batch.from?.runId ?? 'server'), Buffer.from(JSON.stringify({ format: 1, ...batch } satisfies TrackedBatch)));
  } catch (error) {
    log.warn({ error: String(error) }, 'what a tracker should know could not be kept');
  }
}
