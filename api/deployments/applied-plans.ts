/**
 * The plans that are applied, by pipeline. Loops of the server ask each second, so a plan is read and parsed once for as long as
 * it is applied: plans do not change under their hash. Server only.
 */
import type { Catalog } from '../../catalog/catalog.ts';
import { currentPlans } from '../../catalog/deployments.ts';
import { getPlans } from '../../catalog/plans.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import type { ServerParts } from '../server-parts.ts';

export interface AppliedPlan {
  readonly plan: Plan;
  readonly planHash: string;
}

/** Of each catalog, by project and hash. */
const known = new WeakMap<Catalog, Map<string, ReadonlyMap<string, Plan>>>();

export async function appliedPlans({ catalog, config }: Pick<ServerParts, 'catalog' | 'config'>): Promise<Map<string, AppliedPlan>> {
  const { project } = config;
  const current = Object.entries(await currentPlans(catalog.db, project));
  const projects = known.get(catalog) ?? new Map<string, ReadonlyMap<string, Plan>>();
  known.set(catalog, projects);
  const before = projects.get(project);
  const read = await getPlans(
    catalog.db,
    current.map(([, hash]) => hash).filter((hash) => !before?.has(hash)),
  );
  const applied = new Map<string, AppliedPlan>();
  for (const [pipeline, planHash] of current) {
    const plan = before?.get(planHash) ?? read.get(planHash);
    if (plan) applied.set(pipeline, { plan, planHash });
  }
  projects.set(project, new Map([...applied.values()].map(({ plan, planHash }) => [planHash, plan])));
  return applied;
}
