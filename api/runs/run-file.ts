/**
 * runs/<runId>.json in the store: what `heddle catalog rebuild` restores a run from. Written at each end of a run.
 * The journal of alias changes lies beside it, one file a change. Server only.
 */
import { listSteps } from '../../catalog/steps.ts';
import type { RunRow } from '../../catalog/runs.ts';
import type { RunFile } from '../../catalog/rebuild.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import type { ServerParts } from '../server-parts.ts';

/** Steps above this many are cut from the file; the catalog has them all. */
const MAX_STEPS = 50_000;

export async function writeRunFile(parts: Pick<ServerParts, 'catalog' | 'store'>, run: RunRow): Promise<void> {
  const steps: StepRecord[] = [];
  let cursor: number | undefined = 0;
  while (cursor !== undefined && steps.length < MAX_STEPS) {
    const page = await listSteps(parts.catalog.db, run.runId, { limit: 1_000, cursor });
    steps.push(...page.items);
    cursor = page.next === null ? undefined : Number(page.next);
  }
  const file: RunFile = { format: 1, run, steps };
  await parts.store.write(`store://runs/${run.runId}.json`, Buffer.from(JSON.stringify(file)));
}
