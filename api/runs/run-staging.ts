/** What the attempts of a run staged and nobody published, when the run is over: cancelled and failed steps leave it. Server only. */
import type { CatalogDb } from '../../catalog/catalog.ts';
import { addChore } from '../../catalog/chores.ts';
import { getPlan } from '../../catalog/plans.ts';
import type { RunRow } from '../../catalog/runs.ts';
import { cleanStaging } from '../../storage/datasets/clean-staging.ts';
import type { ServerParts } from '../server-parts.ts';

/** Pauses before the next look: a worker learns of its cancel with a heartbeat, and a blocked one later. */
export const STAGING_PAUSES_MS: readonly number[] = [30_000, 600_000];

/** A store that does not answer must not keep the run's record back: what stays is in nobody's way. */
export async function removeStagings(parts: ServerParts, run: Pick<RunRow, 'runId' | 'planHash'>): Promise<void> {
  try {
    await removeStaged(parts, run);
  } catch (error) {
    parts.log.warn({ runId: run.runId, error: String(error) }, 'what the run had staged could not be removed');
  }
}

/** Throws what the store throws. */
export async function removeStaged(parts: ServerParts, run: Pick<RunRow, 'runId' | 'planHash'>): Promise<void> {
  const plan = await getPlan(parts.catalog.db, run.planHash);
  if (!plan) return;
  const published = new Set(Object.values(plan.contracts.tasks).flatMap(({ publishes }) => Object.values(publishes)));
  for (const name of published) {
    const dataset = plan.contracts.datasets[name];
    if (dataset) await cleanStaging(parts.store, dataset, run.runId);
  }
}

/** Looks again later: of a run that was ended by force, workers may still stage for a while. */
export async function removeStagingsLater(db: CatalogDb, run: Pick<RunRow, 'runId' | 'project' | 'retry'>, now: number): Promise<void> {
  const detail = { runId: run.runId, retry: run.retry };
  await addChore(db, {
    id: `staging ${run.runId}/${run.retry}`,
    project: run.project,
    kind: 'staging',
    detail,
    createdAt: now,
    dueAt: now + (STAGING_PAUSES_MS[0] ?? 0),
  });
}
