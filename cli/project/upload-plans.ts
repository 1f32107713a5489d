/** Sends compiled plans to the server; one that is there already costs nothing. */
import type { Client } from '../client/client.ts';
import type { CompiledForRun } from './compile-for-run.ts';

export async function uploadPlans(client: Client, plans: CompiledForRun['all']): Promise<void> {
  for (const { plan, hash } of plans.values()) await client.putPlan(plan, hash);
}
