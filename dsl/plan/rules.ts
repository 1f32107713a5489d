/** The rules that a plan must keep beyond its types. All problems in one go. Used by buildPlan and `heddle check`. */
import { MAX_ARRAY_ITEMS } from '../contract/step.ts';
import type { PoolConfig } from '../config.ts';
import { poolProblems } from './rules-pools.ts';
import { publishProblems } from './rules-publish.ts';
import { scheduleProblems } from './rules-schedule.ts';
import type { Problem } from './problem.ts';
import { walkPlan, type VisitedNode } from './walk-plan.ts';
import type { Plan } from './types.ts';

export interface RuleContext {
  /** Left out: pools and classes are not checked. */
  readonly pools?: Readonly<Record<string, PoolConfig>> | undefined;
  /** Place of the pipeline itself. */
  readonly where?: string | null;
}

/** Temporal refuses a payload of 2 MiB; the skeleton is the workflow's argument, with the parameters beside it. */
const MAX_SKELETON_BYTES = 1_800_000;
const MAX_ROUNDS = 10_000;
const MAX_PARALLEL = 1_000;

export function planProblems(plan: Plan, context: RuleContext = {}): Problem[] {
  const where = context.where ?? null;
  const problems: Problem[] = [];
  if (plan.name.startsWith('heddle.')) problems.push({ code: 'HDL-RESERVED-NAME', what: `The pipeline name "${plan.name}" begins with "heddle.".`, where });
  else if (!/^[A-Za-z][A-Za-z0-9_.-]{0,79}$/.test(plan.name))
    problems.push({ code: 'HDL-BAD-NAME', what: `"${plan.name}" cannot be the name of a pipeline.`, where });
  const nodes = walkPlan(plan);
  for (const node of nodes) problems.push(...nodeProblems(node));
  problems.push(...publishProblems(plan, nodes), ...poolProblems(plan, nodes, context.pools, where), ...scheduleProblems(plan, where));
  const bytes = JSON.stringify(plan.skeleton).length;
  if (bytes > MAX_SKELETON_BYTES) {
    problems.push({ code: 'HDL-PLAN-TOO-LARGE', what: `The plan of ${plan.name} has ${bytes} bytes; ${MAX_SKELETON_BYTES} is the limit.`, where });
  }
  return problems;
}

function* nodeProblems({ node, path, place, inAlways, around }: VisitedNode): Generator<Problem> {
  const option = (what: string): Problem => ({ code: 'HDL-BAD-OPTION', what: `${path}: ${what}`, where: place });
  const between = (value: number, low: number, high: number): boolean => Number.isInteger(value) && value >= low && value <= high;
  switch (node.kind) {
    case 'map':
      if (Array.isArray(node.over) && node.over.length > MAX_ARRAY_ITEMS) {
        yield { code: 'HDL-MAP-TOO-LONG', what: `${path} maps over an array of ${node.over.length} items; ${MAX_ARRAY_ITEMS} is the limit.`, where: place };
      }
      if (!between(node.parallel, 1, MAX_PARALLEL)) yield option(`parallel: ${node.parallel} is not between 1 and ${MAX_PARALLEL}.`);
      break;
    case 'loop':
      if (!between(node.max, 1, MAX_ROUNDS)) yield option(`max: ${node.max} is not between 1 and ${MAX_ROUNDS}.`);
      break;
    case 'gate':
      if (node.from.length === 0) yield option('from is empty: nobody could answer.');
      if (!['reject', 'approve', 'fail'].includes(node.onTimeout))
        yield option(`onTimeout: '${String(node.onTimeout)}' is none of 'reject', 'approve', 'fail'.`);
      break;
    case 'wait':
      // A page of a list map is a workflow of its own, and an event is sent to the run.
      if ('event' in node.on && around.some(({ owner }) => owner?.kind === 'map' && owner.items === 'list'))
        yield { code: 'HDL-EVENT-IN-LIST', what: `${path} waits for the event "${node.on.event}" in a map over an item list.`, where: place };
      break;
    case 'workflow':
      if (!node.queue) yield { code: 'HDL-NO-QUEUE', what: `${path} has no task queue.`, where: place };
      break;
    default:
  }
  if (inAlways && (node.kind === 'gate' || node.kind === 'wait')) {
    yield {
      code: 'HDL-ALWAYS-PLACE',
      what: `${path} waits inside always(), which has 10 minutes.`,
      where: place,
      fix: 'Wait in the body; always() is for cleaning up.',
    };
  }
}
