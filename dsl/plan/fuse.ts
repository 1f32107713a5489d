/**
 * Which map a map runs over item by item, without a barrier: map(map(xs, f), g). For arrays always; for item lists only
 * where g needs nothing that f does not need too, since a chunk child runs both with what f captured.
 */
import { addRoots, freeRoots } from './free-roots.ts';
import type { Expr, MapNode, PlanNode } from './types.ts';

/** Id of the map to fuse with, or null. */
export function canFuse(node: Omit<MapNode, 'id'>, siblings: readonly unknown[]): string | null {
  const source = soleRoot(node.over);
  if (source === null) return null;
  const nodes = siblings as readonly PlanNode[];
  const before = nodes.find((sibling) => sibling.id === source);
  if (before?.kind !== 'map' || before.items !== node.items) return null;
  if (node.items === 'array') return source;
  const needs = freeRoots({ ...node, id: '' });
  needs.delete(source);
  const given = new Set<string>();
  // what the fused chain before it captures
  for (let at: MapNode | undefined = before; at;) {
    for (const root of freeRoots(at)) given.add(root);
    const next: string | undefined = at.fuse;
    at = nodes.find((sibling): sibling is MapNode => sibling.id === next && sibling.kind === 'map');
  }
  return [...needs].every((root) => given.has(root)) ? source : null;
}

/** 'trials' for { $ref: ['trials'] }. */
function soleRoot(expr: Expr): string | null {
  const roots = new Set<string>();
  addRoots(expr, roots);
  const ref = typeof expr === 'object' && expr !== null && '$ref' in expr ? (expr['$ref'] as readonly string[]) : null;
  return ref?.length === 1 ? (ref[0] as string) : null;
}
