/**
 * The upstream partitions of a cell along one edge, as formatted keys. Keys follow from the cell's own; where a window has to be
 * computed its result is shared by all cells that have it. Of what a slice leaves open (dynamic keys, time) the published ones are
 * meant, as the pin of a run has it. Pure.
 */
import { keySetOf, type KeySet } from '../calendar/keys-of.ts';
import { formatKey, parseKey, type Dimensions, type Key } from '../calendar/partition-scope.ts';
import { askedKey, type Link } from '../calendar/upstream-keys.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { PartitionTable } from './partition-table.ts';
import type { Edge } from './pipeline-facts.ts';

export type Upstream = (key: Key) => readonly string[];

/** Throws HDL-BAD-SPAN, as the pin of the run would. */
export function upstreamOf(edge: Edge, dimensions: Dimensions, table?: PartitionTable): Upstream {
  const link: Link = { upstream: edge.dataset.partitions, downstream: dimensions, how: edge.how, key: edge.key, span: edge.span };
  const published = publishedOf(link.upstream, table);
  let last: { readonly text: string | null; readonly keys: readonly string[] } = { text: null, keys: [] };
  return (key) => {
    const wanted = askedKey(link, key);
    const text = Object.values(wanted).join('|');
    if (text === last.text) return last.keys; // cells that differ in a dimension that this edge does not read
    last = { text, keys: keysFor(link, wanted, text, published) };
    return last.keys;
  };
}

/** A partition before the dataset's first is one that is not there. */
function keysFor({ upstream, how, span }: Link, wanted: Key, text: string, published: (set: KeySet) => readonly string[]): readonly string[] {
  try {
    const set = keySetOf(upstream, how, wanted, span);
    return set.open.length > 0 ? published(set) : set.keys.map((one) => formatKey(upstream, one));
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-BAD-KEY') return [text];
    throw error;
  }
}

/** Published keys by what a set names; sorted once for all cells. */
function publishedOf(dimensions: Dimensions, table: PartitionTable | undefined): (set: KeySet) => readonly string[] {
  const bySet = new Map<string, Map<string, string[]>>();
  const group = (open: readonly string[]): Map<string, string[]> => {
    const named = Object.keys(dimensions).filter((name) => !open.includes(name));
    const groups = new Map<string, string[]>();
    for (const text of [...(table?.keys() ?? [])].toSorted()) {
      const key = parseKey(dimensions, text);
      const part = named.map((name) => key[name]).join('|');
      const own = groups.get(part);
      if (own) own.push(text);
      else groups.set(part, [text]);
    }
    return groups;
  };
  return ({ keys, open }) => {
    const name = open.join('|');
    let groups = bySet.get(name);
    if (!groups) bySet.set(name, (groups = group(open)));
    return keys.flatMap((key) => groups.get(Object.values(key).join('|')) ?? []);
  };
}
