/**
 * What the planner must know of a pipeline, read from its plan: the datasets whose partitions it publishes for the partition
 * that it runs for, by which task version, and the slices that it reads, by keys that follow from the partition. Pure.
 */
import type { Dimensions } from '../calendar/partition-scope.ts';
import type { How } from '../calendar/keys-of.ts';
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import { blocksOf, exprsOf } from '../dsl/plan/free-roots.ts';
import type { Block, DatasetDef, Expr, Json, JsonObject, Plan, PlanNode } from '../dsl/plan/types.ts';

export interface PipelineFacts {
  readonly pipeline: string;
  /** {}: it has no partitions, and cannot be backfilled. */
  readonly dimensions: Dimensions;
  readonly outputs: readonly OutputFact[];
  readonly edges: readonly Edge[];
  /** Datasets that it reads or publishes by keys known only at run time: nothing is planned by them. */
  readonly loose: readonly string[];
}
export interface OutputFact {
  readonly dataset: DatasetDef;
  readonly task: string;
  readonly version: string;
}
/** Slices read of one dataset. */
export interface Edge {
  readonly dataset: DatasetDef;
  readonly how: How;
  /** Over $partition, by dimension of the dataset. */
  readonly key: Readonly<Record<string, Expr>>;
  readonly span: string | null;
  /** Partitions that are not there do no harm. */
  readonly ifAny: boolean;
}

export function pipelineFacts(plan: Plan): PipelineFacts {
  const dimensions = plan.contracts.partitions ?? {};
  const outputs = new Map<string, OutputFact>();
  const edges = new Map<string, Edge>();
  const loose = new Set<string>();
  for (const { node, inner } of nodesOf(plan.skeleton.body)) {
    for (const slice of slicesIn(node)) {
      const edge = edgeOf(plan, slice);
      if (edge && !inner) edges.set(canonicalJson({ ...edge, dataset: edge.dataset.name } as unknown as Json), edge); // plain JSON
      else loose.add(String(slice['dataset']));
    }
    if (node.kind !== 'task') continue;
    const contract = plan.contracts.tasks[node.task];
    for (const name of Object.values(contract?.publishes ?? {})) {
      const dataset = plan.contracts.datasets[name];
      if (!contract || !dataset) continue;
      if (!inner && isOwnPartition(node.into, dataset, dimensions)) outputs.set(name, { dataset, task: contract.name, version: contract.version });
      else loose.add(name);
    }
  }
  return { pipeline: plan.name, dimensions, outputs: [...outputs.values()], edges: [...edges.values()], loose: [...loose] };
}

/** All nodes of the body; `inner`: in a map or a loop, where keys depend on the item. */
function* nodesOf(block: Block, inner = false): Generator<{ readonly node: PlanNode; readonly inner: boolean }> {
  for (const node of block.nodes) {
    yield { node, inner };
    for (const { block: own } of blocksOf(node)) yield* nodesOf(own, inner || node.kind !== 'branch');
  }
}

function* slicesIn(node: PlanNode): Generator<JsonObject> {
  const open: Expr[] = exprsOf(node);
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    if (expr === null || typeof expr !== 'object') continue;
    if (Array.isArray(expr)) open.push(...(expr as readonly Expr[]));
    else {
      const object = expr as { readonly [key: string]: Expr };
      if ('$lit' in object) continue;
      if (object['$slice'] !== undefined) yield object['$slice'] as JsonObject;
      else open.push(...Object.values(object));
    }
  }
}

function edgeOf(plan: Plan, slice: JsonObject): Edge | null {
  const dataset = plan.contracts.datasets[String(slice['dataset'])];
  const key = slice['key'] as Readonly<Record<string, Expr>>; // as the plan's types say
  if (!dataset || !Object.values(key).every(isOfPartition)) return null;
  const { how, span, ifAny } = slice as unknown as { readonly how: How; readonly span?: string; readonly ifAny?: boolean };
  return { dataset, how, key, span: span ?? null, ifAny: ifAny ?? false };
}

/** A text, a field of $partition or of one of its neighbours, or the stretch of time of one: its start, a slash, its end. */
function isOfPartition(expr: Expr): boolean {
  if (typeof expr === 'string') return true;
  if (expr === null || typeof expr !== 'object' || Array.isArray(expr)) return false;
  const { $ref, $text } = expr as JsonObject;
  if (Array.isArray($text)) return $text.length === 3 && $text[1] === '/' && isOfPartition($text[0] ?? null) && isOfPartition($text[2] ?? null);
  return Array.isArray($ref) && $ref[0] === '$partition';
}

function isOwnPartition(into: Expr | undefined, dataset: DatasetDef, dimensions: Dimensions): boolean {
  if (into === undefined || into === null || typeof into !== 'object' || Array.isArray(into)) return false;
  const names = Object.keys(dataset.partitions);
  const key = into as { readonly [name: string]: Expr };
  return (
    names.length === Object.keys(dimensions).length &&
    names.every((name) => Object.hasOwn(dimensions, name) && canonicalJson(key[name] ?? null) === canonicalJson({ $ref: ['$partition', name] }))
  );
}
