/** A run with its steps beyond the first page. */
import type { RunDetail } from '../../dsl/contract/api.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import type { Client } from './client.ts';

/** At most `limit` steps are fetched; `next` stays set when there are more. */
export async function runWithSteps(client: Client, runId: string, limit: number): Promise<RunDetail> {
  const detail = await client.run(runId);
  const steps: StepRecord[] = [...detail.steps];
  let { next } = detail;
  while (next !== null && steps.length < limit) {
    const page = await client.steps(detail.runId, next);
    steps.push(...page.items);
    next = page.next;
  }
  return { ...detail, steps, next };
}
