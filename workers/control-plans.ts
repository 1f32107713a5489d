/** Control activity heddle.load_plan. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import { getPlan } from '../catalog/plans.ts';
import type { ControlActivities } from '../dsl/contract/control.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { Plan } from '../dsl/plan/types.ts';
import { finalFailure } from './control-failure.ts';

export const loadPlan =
  (parts: ServerParts): ControlActivities['heddle.load_plan'] =>
  async ({ planHash }) =>
    (await planByHash(parts, planHash)).skeleton;

/** Fails for good where the catalog does not hold the plan: asking again would not help. */
export async function planByHash(parts: ServerParts, planHash: string): Promise<Plan> {
  const plan = await getPlan(parts.catalog.db, planHash);
  if (!plan) throw finalFailure(new HeddleError('HDL-NO-PLAN', { what: `The catalog does not hold the plan ${planHash}.` }), 'user');
  return plan;
}
