/** What becomes stale when a plan has run: published partitions of other pipelines that read what it rebuilds, and theirs in turn. Pure. */
import { formatKey, parseKey } from '../calendar/partition-scope.ts';
import type { PlannedPipeline, Project } from './make-plan.ts';
import { CellPlanner } from './plan-cells.ts';

export interface DownstreamEffect {
  readonly pipeline: string;
  readonly dataset: string;
  /** Published partitions that become stale. */
  readonly partitions: number;
  readonly first: string;
  readonly last: string;
  /** 1: reads what is rebuilt itself. */
  readonly distance: number;
}

export function downstreamOf(project: Project, planned: readonly PlannedPipeline[]): DownstreamEffect[] {
  const changed = new Map<string, Set<string>>();
  const mark = (dataset: string, key: string): void => void (changed.get(dataset) ?? changed.set(dataset, new Set()).get(dataset))?.add(key);
  for (const { facts, decisions, keys } of planned)
    for (const [i, decision] of decisions.entries())
      if (decision.do) for (const { dataset } of facts.outputs) mark(dataset.name, formatKey(dataset.partitions, keys[i] ?? {}));
  const own = new Set(planned.map(({ facts }) => facts.pipeline));
  const effects: DownstreamEffect[] = [];
  let open = [...project.pipelines.values()].filter(({ pipeline, outputs }) => !own.has(pipeline) && outputs.length > 0);
  for (let distance = 1; open.length > 0; distance++) {
    const reached = open.filter((facts) => facts.edges.some(({ dataset }) => changed.has(dataset.name)));
    if (reached.length === 0) return effects;
    for (const facts of reached) {
      const planner = new CellPlanner({ facts, world: project.world, rules: { force: false, codeDrift: false, only: null } });
      const stale: string[] = [];
      const [{ dataset } = { dataset: null }] = facts.outputs;
      if (!dataset) continue;
      for (const text of project.world.tables.get(dataset.name)?.keys() ?? []) {
        const key = parseKey(dataset.partitions, text);
        for (const one of planner.upstream(key))
          if (changed.get(one.dataset)?.has(one.key)) {
            stale.push(text);
            break;
          }
      }
      stale.sort();
      for (const { dataset: output } of facts.outputs) for (const text of stale) mark(output.name, text);
      if (stale.length > 0)
        effects.push({ pipeline: facts.pipeline, dataset: dataset.name, partitions: stale.length, first: stale[0] ?? '', last: stale.at(-1) ?? '', distance });
    }
    open = open.filter((facts) => !reached.includes(facts));
  }
  return effects;
}
