/** Rules about partitions: who writes which, that keys fit their datasets, and that no step reads what it writes. */
import { canonicalJson } from './canonical-json.ts';
import { addRoots } from './free-roots.ts';
import { partitionStep } from './partition-path.ts';
import type { Problem } from './problem.ts';
import type { VisitedNode } from './walk-plan.ts';
import type { Expr, JsonObject, Plan, TaskNode } from './types.ts';

type Writer = VisitedNode & { readonly node: TaskNode & { readonly into: Expr }; readonly datasets: readonly string[]; readonly key: string };
interface SliceExpr {
  readonly dataset: string;
  readonly how: 'at' | 'window' | 'before' | 'where' | 'within';
  readonly key: { readonly [dimension: string]: Expr };
  readonly span?: string;
}

export function publishProblems(plan: Plan, nodes: readonly VisitedNode[]): Problem[] {
  const writers = nodes.flatMap((visited): Writer[] => {
    const { node } = visited;
    if (node.kind !== 'task' || node.into === undefined) return [];
    const datasets = Object.values(plan.contracts.tasks[node.task]?.publishes ?? {});
    return [{ ...visited, node: { ...node, into: node.into }, datasets, key: canonicalJson(node.into) }];
  });
  return [...writers.flatMap((writer) => [...writerProblems(plan, writer)]), ...sameTarget(writers), ...nodes.flatMap((node) => [...keyProblems(plan, node)])];
}

function* writerProblems(plan: Plan, { node, path, place, datasets, key, around }: Writer): Generator<Problem> {
  for (const dataset of datasets) {
    const wanted = Object.keys(plan.contracts.datasets[dataset]?.partitions ?? {});
    const given = Object.keys((node.into ?? {}) as object);
    const missing = wanted.filter((name) => !given.includes(name));
    if (missing.length > 0) yield { code: 'HDL-PARTITION-KEY', what: `${path} publishes ${dataset} without saying its ${missing.join(', ')}.`, where: place };
  }
  for (const { owner, block } of around) {
    if (owner?.kind !== 'map') continue;
    const roots = new Set<string>();
    addRoots(node.into, roots);
    const varies = [...roots].some((root) => root === `$item${owner.depth}` || root === `$index${owner.depth}` || within(root, block));
    if (!varies) yield { code: 'HDL-INTO-SAME', what: `${path} writes the same partition for each item of ${owner.id}.`, where: place };
  }
  for (const slice of slicesRead(node.input, around)) {
    if (datasets.includes(slice.dataset) && covers(slice, key, node.into)) {
      yield { code: 'HDL-READS-OWN', what: `${path} reads the partition of ${slice.dataset} that it writes (${slice.how}).`, where: place };
    }
  }
}

const within = (root: string, block: { readonly nodes: readonly { readonly id: string }[] }): boolean => block.nodes.some(({ id }) => id === root);
const covers = ({ how, key }: SliceExpr, own: string, into: Expr): boolean => {
  if (how === 'before') return false;
  if (how !== 'where' && how !== 'within') return canonicalJson(key) === own;
  const target = into as { readonly [dimension: string]: Expr };
  return Object.entries(key).every(
    ([name, value]) =>
      (how === 'within' && isOwnStretch(value, target[name])) || (target[name] !== undefined && canonicalJson(target[name]) === canonicalJson(value)),
  );
};

/** 'START/END' of the partition whose time the step writes. */
function isOwnStretch(stretch: Expr, target: Expr | undefined): boolean {
  const parts = (stretch as JsonObject)['$text'] as readonly Expr[] | undefined;
  const [start, own] = [parts?.[0], target].map((expr) => (expr !== null && typeof expr === 'object' ? (expr as JsonObject)['$ref'] : undefined));
  if (!Array.isArray(start) || !Array.isArray(own) || own[0] !== '$partition') return false;
  return partitionStep(start as readonly string[]).by === partitionStep(own as readonly string[]).by;
}

/** Slices in an expression, and those that the waits behind its refs wait for. */
function slicesRead(expr: Expr, around: VisitedNode['around']): SliceExpr[] {
  const found: SliceExpr[] = [];
  const visit = (part: Expr): void => {
    if (part === null || typeof part !== 'object') return;
    const object = part as { readonly [key: string]: Expr };
    if ('$slice' in object) found.push(object['$slice'] as unknown as SliceExpr);
    else if ('$ref' in object) {
      const root = (object['$ref'] as readonly string[])[0];
      const wait = around.flatMap(({ block }) => block.nodes).find((node) => node.id === root);
      if (wait?.kind === 'wait' && 'slice' in wait.on) visit(wait.on.slice);
    } else for (const inner of Object.values(object)) visit(inner);
  };
  visit(expr);
  return found;
}

function sameTarget(writers: readonly Writer[]): Problem[] {
  const problems: Problem[] = [];
  for (const [i, a] of writers.entries()) {
    for (const b of writers.slice(0, i)) {
      const dataset = a.datasets.find((name) => b.datasets.includes(name));
      if (dataset === undefined || a.key !== b.key || a.inAlways !== b.inAlways || exclusive(a, b)) continue;
      // the same text in two maps may be two keys
      if (/\$(item|index|state|round)\d/.test(a.key) && a.around.at(-1)?.block !== b.around.at(-1)?.block) continue;
      problems.push({
        code: 'HDL-INTO-TWICE',
        what: `${a.path} and ${b.path} (at ${b.place ?? 'an unknown place'}) write the same partition of ${dataset}.`,
        where: a.place,
      });
    }
  }
  return problems;
}
/** True in two arms of one branch: only one of them runs. */
const exclusive = (a: Writer, b: Writer): boolean =>
  a.around.some(({ owner, arm }) => owner?.kind === 'branch' && b.around.some((other) => other.owner === owner && other.arm !== arm));

/** A slice must name the dimensions of its dataset, a window over time needs one. */
function* keyProblems(plan: Plan, { node, path, place }: VisitedNode): Generator<Problem> {
  const own = { ...node, body: null, then: null, else: null };
  for (const { dataset, how, key, span } of slicesRead(own as unknown as Expr, [])) {
    const dimensions = plan.contracts.datasets[dataset]?.partitions ?? {};
    const missing = Object.keys(dimensions).filter((name) => !(name in key));
    if (how !== 'where' && how !== 'within' && missing.length > 0)
      yield { code: 'HDL-PARTITION-KEY', what: `${path} reads ${dataset} without saying its ${missing.join(', ')}.`, where: place };
    if (span !== undefined && !/^0*[1-9]\d*(h|d|w|mo|q|y|p)$/.test(span))
      yield { code: 'HDL-BAD-SPAN', what: `${path} reads a window of ${dataset} of "${span}", which is no span of time.`, where: place };
    if ((how === 'window' || how === 'before') && !Object.values(dimensions).some(({ kind }) => kind !== 'keys' && kind !== 'dynamic')) {
      yield { code: 'HDL-PARTITION-KEY', what: `${path} reads a window of ${dataset}, which has no dimension of time.`, where: place };
    }
  }
}
