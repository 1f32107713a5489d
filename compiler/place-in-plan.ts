/** From a path into a plan's JSON to the line of the step that it belongs to. */
import type { Plan } from '../dsl/plan/types.ts';

/** 'pipelines/a.ts:3:14' of the innermost step that has a place; null for parts outside of steps. */
export function placeInPlan(plan: Plan, path: string): string | null {
  let at: unknown = plan;
  let steps = '';
  let place: string | null = null;
  for (const key of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    if (typeof at !== 'object' || at === null) break;
    at = (at as Readonly<Record<string, unknown>>)[key];
    if (typeof at !== 'object' || at === null || !('id' in at) || !('kind' in at)) continue;
    steps = steps === '' ? String(at.id) : `${steps}/${String(at.id)}`;
    place = plan.places[steps] ?? place;
  }
  return place;
}
