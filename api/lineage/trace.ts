/** Follows lineage up (what a thing was made of) and down (what was made of it), as a graph. Server only. */
import { factsAbout, factsOfRun, type LineageFact, type Thing } from '../../catalog/lineage.ts';
import { getRun } from '../../catalog/runs.ts';
import { codeOfRun, getStep } from '../../catalog/steps.ts';
import type { ServerParts } from '../server-parts.ts';

export interface Maker {
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly step: string;
  readonly task: string | null;
  readonly version: string | null;
  /** Digest of the task's code; null where it is not known. */
  readonly code: string | null;
  readonly at: number;
}
export interface LineageNode extends Thing {
  readonly id: string;
  /** null: nothing is known of how it came to be: a file, or another system's partition. */
  readonly made: Maker | null;
}
export interface LineageGraph {
  readonly root: string;
  readonly nodes: readonly LineageNode[];
  /** `to` was made of `from`, in that run. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly runId: string }[];
  /** True: there is more than is shown. */
  readonly cut: boolean;
}
export interface TraceOptions {
  readonly up: boolean;
  readonly down: boolean;
  readonly depth: number;
}
const MOST_NODES = 2_000;

export async function traceLineage(parts: ServerParts, root: Thing, { up, down, depth }: TraceOptions): Promise<LineageGraph> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const nodes = new Map<string, LineageNode>();
  const edges = new Map<string, LineageGraph['edges'][number]>();
  const runs = new Map<string, Promise<readonly LineageFact[]>>();
  let cut = false;
  const factsOf = (runId: string): Promise<readonly LineageFact[]> => {
    const known = runs.get(runId) ?? factsOfRun(db, runId);
    runs.set(runId, known);
    return known;
  };
  const add = async (thing: Thing): Promise<boolean> => {
    const id = idOf(thing);
    if (nodes.has(id)) return false;
    if (nodes.size >= MOST_NODES) {
      cut = true;
      return false;
    }
    const [newest] = await factsAbout(db, project, thing, 'out');
    nodes.set(id, { id, kind: thing.kind, name: thing.name, version: thing.version, digest: thing.digest, made: newest ? await makerOf(parts, newest) : null });
    return true;
  };
  const walk = async (direction: 'up' | 'down'): Promise<void> => {
    let front: readonly Thing[] = [root];
    for (let level = 0; front.length > 0; level++) {
      const next = new Map<string, Thing>();
      for (const thing of front) {
        for (const fact of await neighbours(thing, direction)) {
          if (idOf(fact) === idOf(thing)) continue;
          const [from, to] = direction === 'up' ? [idOf(fact), idOf(thing)] : [idOf(thing), idOf(fact)];
          if (level === depth) {
            cut = true;
            continue;
          }
          if (await add(fact)) next.set(idOf(fact), fact);
          if (nodes.has(idOf(fact))) edges.set(`${from} ${to}`, { from, to, runId: fact.runId });
        }
      }
      front = [...next.values()];
    }
  };
  /** Up: what the run that made it read. Down: what the runs that read it made. */
  const neighbours = async (thing: Thing, direction: 'up' | 'down'): Promise<LineageFact[]> => {
    const about = await factsAbout(db, project, thing, direction === 'up' ? 'out' : 'in');
    const found: LineageFact[] = [];
    for (const here of direction === 'up' ? about.slice(0, 1) : about) {
      const facts = await factsOf(here.runId);
      found.push(...facts.filter((fact) => fact.io === (direction === 'up' ? 'in' : 'out') && together(fact.step, here.step)));
    }
    return found;
  };
  await add(root);
  if (up) await walk('up');
  if (down) await walk('down');
  return { root: idOf(root), nodes: [...nodes.values()], edges: [...edges.values()], cut };
}

const idOf = ({ kind, name, version, digest }: Thing): string =>
  kind === 'model' || kind === 'cache' || kind === 'file'
    ? `${kind}:${name}${version === '' ? '' : `@${version}`}`
    : `${kind}:${name}@${version}#${digest.slice(0, 19)}`;

/**
 * Whether what one step of a run read may be in what another made. Steps hand files to each other, so the whole of a run
 * belongs together, but for two items of one map: 'days[1].read' has no part in 'days[2].write'.
 */
export function together(one: string, other: string): boolean {
  const items = itemsOf(other);
  return itemsOf(one).every(([map, item]) => items.find(([same]) => same === map)?.[1] === undefined || items.find(([same]) => same === map)?.[1] === item);
}
const itemsOf = (step: string): (readonly [map: string, item: string])[] =>
  [...step.matchAll(/\[([^\]]*)\]/g)].map((match) => [step.slice(0, match.index), match[1] ?? ''] as const);

async function makerOf({ catalog }: ServerParts, { runId, step, at }: LineageFact): Promise<Maker | null> {
  const run = await getRun(catalog.db, runId);
  if (!run) return null;
  const record = await getStep(catalog.db, runId, step);
  const code = record?.task ? ((await codeOfRun(catalog.db, runId)).find(({ task }) => task === record.task)?.digest ?? null) : null;
  return { runId, pipeline: run.pipeline, partition: run.partition, step, task: record?.task ?? null, version: record?.version ?? null, code, at };
}
