/**
 * One copy of a plan for all runs of it in a process. This module is loaded once for the sandbox and not once a run
 * (workers/workflow-bundle.ts), so what it holds is shared: therefore only values that are equal and frozen, which no run can
 * tell from its own. Sandbox.
 */
import type { Skeleton } from '../../dsl/plan/types.ts';

/** Nodes of all plans kept. A node takes about 300 bytes; the plan that was asked for longest ago goes first. */
const MOST_NODES = 100_000;

const kept = new Map<string, { readonly skeleton: Skeleton; readonly nodes: number }>();
let nodesKept = 0;

/** `skeleton`, or an equal one that another run has brought. The hash alone is not trusted: what is shared is compared. */
export function sharedPlan(planHash: string, skeleton: Skeleton): Skeleton {
  const known = kept.get(planHash);
  if (known) {
    if (!isEqual(known.skeleton, skeleton)) return skeleton;
    kept.delete(planHash);
    kept.set(planHash, known);
    return known.skeleton;
  }
  const nodes = skeleton.body.nodes.length + 1;
  if (nodes > MOST_NODES) return skeleton;
  freeze(skeleton);
  kept.set(planHash, { skeleton, nodes });
  nodesKept += nodes;
  for (const [hash, oldest] of kept) {
    if (nodesKept <= MOST_NODES) break;
    kept.delete(hash);
    nodesKept -= oldest.nodes;
  }
  return skeleton;
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !isEqual((a as Fields)[key], (b as Fields)[key])) return false;
  return true;
}
function freeze(value: object): void {
  Object.freeze(value);
  for (const inner of Object.values(value) as unknown[]) if (typeof inner === 'object' && inner !== null) freeze(inner);
}
type Fields = Readonly<Record<string, unknown>>;
