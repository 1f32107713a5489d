/** All that the planner needs to know: plans' facts, what is published, what runs. Server only. */
import { boundsOf, isGrain, parseTime } from '../../calendar/time-grain.ts';
import { formatKey, type Key } from '../../calendar/partition-scope.ts';
import { readsOfSteps } from '../../catalog/lineage.ts';
import { ownedCells } from '../../catalog/backfill-cells.ts';
import { donePartitions, failedPartitions, openPartitions } from '../../catalog/partition-runs.ts';
import { getPlan } from '../../catalog/plans.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { DatasetDef, Plan } from '../../dsl/plan/types.ts';
import type { Project } from '../../planner/make-plan.ts';
import type { PartitionTable } from '../../planner/partition-table.ts';
import type { KeptSince, RunsOf } from '../../planner/plan-cells.ts';
import { pipelineFacts, type PipelineFacts } from '../../planner/pipeline-facts.ts';
import { keyOfPath } from '../../storage/datasets/partition-path.ts';
import type { ServerParts } from '../server-parts.ts';
import { syncStates } from './sync-states.ts';

export interface LoadedProject {
  readonly project: Omit<Project, 'world'>;
  readonly tables: Map<string, PartitionTable>;
  /** Dataset -> paths whose manifest cannot be trusted. */
  readonly damaged: ReadonlyMap<string, readonly string[]>;
  readonly digests: Map<string, string>;
}

/** Throws HDL-NO-PLAN. */
export async function loadFacts(
  parts: Pick<ServerParts, 'catalog'>,
  plans: Readonly<Record<string, string>>,
  eachPlan: (pipeline: string, plan: Plan) => void = () => undefined,
): Promise<Map<string, PipelineFacts>> {
  const facts = new Map<string, PipelineFacts>();
  for (const [pipeline, hash] of Object.entries(plans)) {
    const plan: Plan | undefined = await getPlan(parts.catalog.db, hash);
    if (!plan) throw new HeddleError('HDL-NO-PLAN', { what: `The server does not hold the plan ${hash} of ${pipeline}.`, where: `pipeline ${pipeline}` });
    facts.set(pipeline, pipelineFacts(plan));
    eachPlan(pipeline, plan);
  }
  return facts;
}

/** `except`: cells of this backfill are nobody else's. */
export async function loadProject(
  parts: Pick<ServerParts, 'catalog' | 'store' | 'config'>,
  pipelines: ReadonlyMap<string, PipelineFacts>,
  now: number,
  except: string | null,
): Promise<LoadedProject> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const datasets = new Map<string, DatasetDef>();
  for (const facts of pipelines.values()) for (const { dataset } of [...facts.outputs, ...facts.edges]) datasets.set(dataset.name, dataset);
  const tables = new Map<string, PartitionTable>();
  const damaged = new Map<string, readonly string[]>();
  const newest = new Map<string, { readonly at: number; readonly digest: string }>();
  for (const dataset of datasets.values()) {
    const synced = await syncStates(parts, dataset);
    tables.set(dataset.name, synced.table);
    if (synced.damaged.length > 0) damaged.set(dataset.name, synced.damaged);
    for (const { by, at } of synced.table.published())
      if (by.codeDigest !== null && at >= (newest.get(`${by.task}@${by.version}`)?.at ?? 0))
        newest.set(`${by.task}@${by.version}`, { at, digest: by.codeDigest });
  }
  const owned = await ownedCells(db, project, except);
  const runs = new Map<string, RunsOf>();
  const tooOld = new Map<string, KeptSince>();
  for (const [name, facts] of pipelines) {
    runs.set(name, {
      open: await openPartitions(db, project, name, except),
      owned: owned.get(name) ?? new Map<string, string>(),
      done: facts.outputs.length === 0 ? await donePartitions(db, project, name) : new Map<string, number>(),
      failed: await failedPartitions(db, project, name),
    });
    const kept = keptSince(facts, now);
    if (kept) tooOld.set(name, kept);
  }
  return { project: { pipelines, runs, tooOld }, tables, damaged, digests: new Map([...newest].map(([task, { digest }]) => [task, digest])) };
}

/** What steps read, by 'run/step': 'dataset key' -> manifest. A step whose lineage is not written is left out. */
export async function loadReads(
  parts: Pick<ServerParts, 'catalog'>,
  pipelines: ReadonlyMap<string, PipelineFacts>,
  steps: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  const datasets = new Map<string, DatasetDef>();
  for (const facts of pipelines.values()) for (const { dataset } of facts.edges) datasets.set(dataset.name, dataset);
  const found = new Map<string, Map<string, string>>();
  for await (const { runId, step, name, version, digest } of readsOfSteps(parts.catalog.db, steps)) {
    const dataset = datasets.get(name);
    const key = dataset && keyOfPath(dataset, version);
    if (!dataset || !key) continue;
    const made = `${runId}/${step}`;
    const reads = found.get(made) ?? new Map<string, string>();
    found.set(made, reads);
    reads.set(`${name} ${formatKey(dataset.partitions, key)}`, digest);
  }
  return found;
}

/** When partitions of all its outputs go: the longest kept one counts. */
function keptSince(facts: PipelineFacts, now: number): KeptSince | null {
  const times = Object.entries(facts.dimensions).find(([, def]) => isGrain(def.kind));
  const kept = facts.outputs.map(({ dataset }) => dataset.retainMs);
  if (!times || kept.length === 0 || kept.some((ms) => ms === undefined)) return null;
  const since = now - Math.max(...kept.map((ms) => ms ?? 0));
  const [name, def] = times;
  return (key: Key) => (Date.parse(boundsOf(parseTime(name, def, key[name] ?? '')).end) < since ? new Date(since).toISOString() : null);
}
