/** Plans a backfill by the state of the data, and keeps the plan; plans it again before it starts, to see whether it still holds. Server only. */
import { addBackfill, getBackfill, getPage, pageHeads, type BackfillRow } from '../../catalog/backfills.ts';
import { newId } from '../../catalog/ids.ts';
import type { BackfillSpec, DoReason, PlannedPage } from '../../dsl/contract/backfill.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { chooseKeys } from '../../planner/choose-keys.ts';
import { downstreamOf, type DownstreamEffect } from '../../planner/downstream.ts';
import { pagesOf, planPipelines, type PlannedPipeline, type Project, type Wish } from '../../planner/make-plan.ts';
import type { PartitionTable } from '../../planner/partition-table.ts';
import type { PipelineFacts } from '../../planner/pipeline-facts.ts';
import { summarise, type PipelineSummary } from '../../planner/summarise.ts';
import { digestOf } from '../../storage/digest.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { estimateBackfill, type Estimate } from './estimate.ts';
import { cellsInPage } from './inline-plan.ts';
import { loadFacts, loadProject, loadReads } from './load-project.ts';

export interface BackfillSummary {
  /** Upstream first, the target last. */
  readonly pipelines: readonly PipelineSummary[];
  readonly downstream: readonly DownstreamEffect[];
  readonly estimate: Estimate | null;
  /** Dataset -> partitions whose manifest cannot be trusted; they count as missing. */
  readonly damaged: Readonly<Record<string, readonly string[]>>;
  /** Datasets read or published by keys known only at run time: nothing is planned by them. */
  readonly loose: readonly string[];
}
export interface ReadyPlan {
  readonly pages: readonly PlannedPage[];
  readonly summary: BackfillSummary;
  readonly fingerprint: string;
  readonly planned: readonly PlannedPipeline[];
}

const EXPIRES_MS = 24 * 3_600_000;
/** Outputs whose inputs are looked up one by one. */
const MOST_LOOKUPS = 20_000;

/** Throws HDL-BACKFILL-TARGET, HDL-BACKFILL-RANGE, HDL-BACKFILL-OVERLAP, HDL-BAD-KEY, HDL-NO-PLAN. */
export async function planBackfill(parts: ServerParts, who: Identity, spec: BackfillSpec, redoOf: string | null = null): Promise<BackfillRow> {
  const now = Date.now();
  const plan = await makePlan(parts, spec, now, null);
  const id = newId();
  const cells = plan.pages.reduce((sum, page) => sum + page.cells.length, 0);
  await parts.catalog.transaction((trx) =>
    addBackfill(
      trx,
      {
        id,
        project: parts.config.project,
        pipeline: spec.pipeline,
        spec,
        summary: plan.summary as unknown as Json, // plain JSON
        fingerprint: plan.fingerprint,
        cells,
        createdAt: now,
        createdBy: who.name,
        expiresAt: now + EXPIRES_MS,
        redoOf,
      },
      plan.pages,
    ),
  );
  return requireBackfill(parts, id);
}

/** By its id, or what an id begins with. Throws HDL-NO-BACKFILL. */
export async function requireBackfill(parts: Pick<ServerParts, 'catalog' | 'config'>, id: string): Promise<BackfillRow> {
  const row = await getBackfill(parts.catalog.db, id);
  if (row?.project === parts.config.project) return row;
  throw new HeddleError('HDL-NO-BACKFILL', { what: `There is no backfill ${id}.` });
}

/** Nothing is kept. `except`: cells and runs of this backfill are its own. */
export async function makePlan(
  parts: Pick<ServerParts, 'catalog' | 'store' | 'config'>,
  spec: BackfillSpec,
  now: number,
  except: string | null,
): Promise<ReadyPlan> {
  const pageCells = new Map<string, number>();
  const pipelines = await loadFacts(parts, spec.plans, (pipeline, plan) => void pageCells.set(pipeline, cellsInPage(plan.skeleton)));
  const target = targetOf(pipelines, spec.pipeline);
  const loaded = await loadProject(parts, pipelines, now, except);
  const keys = chooseKeys(target.dimensions, spec, now, dynamicKeys(target, loaded.tables));
  const wish: Wish = { target: spec.pipeline, keys, rules: spec, withUpstream: spec.withUpstream };
  const projectWith = (reads: ReadonlyMap<string, ReadonlyMap<string, string>>): Project => ({
    ...loaded.project,
    world: { tables: loaded.tables, digests: loaded.digests, reads },
  });
  let planned = planPipelines(projectWith(new Map()), wish);
  const lookUps = new Set(planned.flatMap(({ planner, keys: own }) => own.flatMap((key) => planner.lookUp(key) ?? [])));
  if (lookUps.size > 0) planned = planPipelines(projectWith(await loadReads(parts, pipelines, [...lookUps].slice(0, MOST_LOOKUPS))), wish);
  refuseOverlap(spec, planned);
  const pages = pagesOf(planned, {
    order: spec.run.order,
    planHash: (pipeline) => spec.plans[pipeline] ?? '',
    pageCells: (pipeline) => pageCells.get(pipeline) ?? 100,
  });
  const summary: BackfillSummary = {
    pipelines: planned.map(({ facts, decisions }) => summarise(facts.pipeline, decisions)),
    downstream: downstreamOf({ ...loaded.project, world: { tables: loaded.tables, digests: loaded.digests, reads: new Map() } }, planned),
    estimate: await estimateBackfill(parts, planned, spec.run.concurrency),
    damaged: Object.fromEntries(loaded.damaged),
    loose: [...new Set(planned.flatMap(({ facts }) => facts.loose))],
  };
  return { pages, summary, fingerprint: fingerprintOf(planned), planned };
}

function targetOf(pipelines: ReadonlyMap<string, PipelineFacts>, name: string): PipelineFacts {
  const facts = pipelines.get(name);
  if (!facts) throw new HeddleError('HDL-NO-PIPELINE', { what: `The plan set has no pipeline "${name}".` });
  if (Object.keys(facts.dimensions).length === 0)
    throw new HeddleError('HDL-BACKFILL-TARGET', { what: `${name} has no partitions.`, where: `pipeline ${name}` });
  return facts;
}

/** Values of dynamic dimensions that are published somewhere in what the target reads or writes. */
function dynamicKeys(target: PipelineFacts, tables: ReadonlyMap<string, PartitionTable>): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, def] of Object.entries(target.dimensions)) {
    if (def.kind !== 'dynamic') continue;
    const found = new Set<string>();
    for (const { dataset } of [...target.outputs, ...target.edges]) {
      const at = Object.keys(dataset.partitions).indexOf(name);
      if (at >= 0) for (const key of tables.get(dataset.name)?.keys() ?? []) found.add(key.split('|')[at] ?? '');
    }
    values.set(name, [...found].sort());
  }
  return values;
}

function refuseOverlap(spec: BackfillSpec, planned: readonly PlannedPipeline[]): void {
  if (spec.overlap !== 'refuse') return;
  const others = planned.flatMap(({ decisions }) =>
    decisions.flatMap(({ key, leave }) => (leave?.why === 'owned' || leave?.why === 'in-flight' ? [{ key, leave }] : [])),
  );
  const [first] = others;
  if (!first) return;
  const by = first.leave.why === 'owned' ? `belongs to backfill ${first.leave.backfill}` : `runs as ${first.leave.runId}`;
  throw new HeddleError('HDL-BACKFILL-OVERLAP', {
    what: `${others.length} ${others.length === 1 ? 'cell is' : 'cells are'} in the hands of others: ${first.key} ${by}.`,
  });
}

/** Equal when the same cells are to be run for the same reasons. */
function fingerprintOf(planned: readonly PlannedPipeline[]): string {
  const cells = planned.map(({ facts, decisions }) => [facts.pipeline, decisions.flatMap((one) => (one.do ? [[one.key, one.do as unknown as Json]] : []))]);
  return digestOf(cells as unknown as Json); // plain JSON
}

export interface PlanDifference {
  readonly pipeline: string;
  readonly key: string;
  readonly was: DoReason | null;
  readonly now: DoReason | null;
}

/** Plans again. Empty: nothing has changed. */
export async function planAgain(
  parts: ServerParts,
  backfill: BackfillRow,
): Promise<{ readonly plan: ReadyPlan; readonly differences: readonly PlanDifference[] }> {
  const plan = await makePlan(parts, backfill.spec, Date.now(), backfill.id);
  if (plan.fingerprint === backfill.fingerprint) return { plan, differences: [] };
  const before = new Map<string, DoReason>();
  for (const { page, pipeline } of await pageHeads(parts.catalog.db, backfill.id))
    for (const { key, reason } of (await getPage(parts.catalog.db, backfill.id, page))?.cells ?? []) before.set(`${pipeline} ${key}`, reason);
  const differences: PlanDifference[] = [];
  for (const { facts, decisions } of plan.planned)
    for (const { key, do: reason } of decisions) {
      const name = `${facts.pipeline} ${key}`;
      const was = before.get(name) ?? null;
      before.delete(name);
      if (digestOf(was as unknown as Json) !== digestOf(reason as unknown as Json)) differences.push({ pipeline: facts.pipeline, key, was, now: reason });
    }
  for (const [name, was] of before) {
    const at = name.indexOf(' ');
    differences.push({ pipeline: name.slice(0, at), key: name.slice(at + 1), was, now: null });
  }
  return { plan, differences };
}
