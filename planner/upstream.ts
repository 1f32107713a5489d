/**
 * The upstream partitions of a cell along one edge, as formatted keys. Keys follow from the cell's own; where a window has to be
 * computed its result is shared by all cells that have it. Pure.
 */
import { keysOf } from '../calendar/keys-of.ts';
import { formatKey, partitionScope, type Dimensions, type Key } from '../calendar/partition-scope.ts';
import type { PartitionScope } from '../dsl/contract/run.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { Expr, JsonObject } from '../dsl/plan/types.ts';
import type { Edge } from './pipeline-facts.ts';

export type Upstream = (key: Key) => readonly string[];

/** Throws HDL-BAD-SPAN, as the pin of the run would. */
export function upstreamOf(edge: Edge, dimensions: Dimensions): Upstream {
  const names = Object.keys(edge.key);
  const parts = names.map((name) => partOf(edge.key[name] ?? null));
  const depth = Math.max(0, ...parts.map((part) => (typeof part === 'string' ? 0 : part.steps.length)));
  let last: { readonly text: string | null; readonly keys: readonly string[] } = { text: null, keys: [] };
  return (key) => {
    const scope = depth > 0 ? partitionScope(dimensions, key, depth) : null;
    const wanted: Record<string, string> = {};
    for (const [i, name] of names.entries()) {
      const part = parts[i] ?? '';
      const value = typeof part === 'string' ? part : part.steps.length === 0 ? key[part.field] : fieldOf(scope, part);
      wanted[name] = value ?? '';
    }
    const text = names.map((name) => wanted[name]).join('|');
    if (text === last.text) return last.keys; // cells that differ in a dimension that this edge does not read
    last = { text, keys: keysFor(edge, wanted, text) };
    return last.keys;
  };
}

/** A partition before the dataset's first is one that is not there. */
function keysFor({ dataset, how, span }: Edge, wanted: Key, text: string): readonly string[] {
  try {
    return keysOf(dataset.partitions, how, wanted, span).map((one) => formatKey(dataset.partitions, one));
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-BAD-KEY') return [text];
    throw error;
  }
}

type Part = string | { readonly steps: readonly string[]; readonly field: string };

/** A fixed text, or the path of a field of $partition: ['previous', 'day']. */
function partOf(expr: Expr): Part {
  if (typeof expr === 'string') return expr;
  const path = ((expr as JsonObject)['$ref'] as readonly string[]).slice(1); // edges hold nothing else
  return { steps: path.slice(0, -1), field: path.at(-1) ?? '' };
}

function fieldOf(scope: PartitionScope | null, { steps, field }: Exclude<Part, string>): string | undefined {
  let at: PartitionScope | null = scope;
  for (const step of steps) at = (at?.[step] ?? null) as PartitionScope | null; // next and previous are scopes
  const value = at?.[field];
  return typeof value === 'string' ? value : undefined;
}
