/** What the attempts of a run staged and nobody published, when the run is over: cancelled and failed steps leave it. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import { getPlan } from '../catalog/plans.ts';
import type { RunRow } from '../catalog/runs.ts';
import { cleanStaging } from '../storage/datasets/clean-staging.ts';

/** A store that does not answer must not keep the run's record back: what stays is in nobody's way. */
export async function removeStagings(parts: ServerParts, run: Pick<RunRow, 'runId' | 'planHash'>): Promise<void> {
  try {
    const plan = await getPlan(parts.catalog.db, run.planHash);
    if (!plan) return;
    const published = new Set(Object.values(plan.contracts.tasks).flatMap(({ publishes }) => Object.values(publishes)));
    for (const name of published) {
      const dataset = plan.contracts.datasets[name];
      if (dataset) await cleanStaging(parts.store, dataset, run.runId);
    }
  } catch (error) {
    parts.log.warn({ runId: run.runId, error: String(error) }, 'what the run had staged could not be removed');
  }
}
