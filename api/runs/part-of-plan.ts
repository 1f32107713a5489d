/**
 * A part of a pipeline: the plan cut down to what one step needs, and which of its steps run anew while the others take over
 * what another run made. Steps are those of the body itself, by id. For `heddle run --from --to`. Server only.
 */
import { closestName } from '../../config/closest-name.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { blocksOf, exprsOf, freeRoots } from '../../dsl/plan/free-roots.ts';
import type { Expr, Plan, PlanNode } from '../../dsl/plan/types.ts';

export interface PlanPart {
  /** With the steps that `to` needs alone; then it gives { [to]: its output }. */
  readonly plan: Plan;
  /** Ids of steps that run: `from`, and all that follows from it. Null without `from`: all. */
  readonly rerun: ReadonlySet<string> | null;
}

/** Throws HDL-NO-STEP for a step that the body does not have, and where `from` is not needed for `to`. */
export function partOfPlan(plan: Plan, { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): PlanPart {
  const { nodes } = plan.skeleton.body;
  const needs = new Map(nodes.map((node) => [node.id, freeRoots(node)]));
  for (const step of [from, to]) if (step !== undefined && !needs.has(step)) throw noStep(plan, step);
  const kept = to === undefined ? new Set(needs.keys()) : reach(to, (id) => needs.get(id) ?? []);
  if (from !== undefined && !kept.has(from)) {
    throw new HeddleError('HDL-NO-STEP', {
      what: `Step ${to ?? ''} of ${plan.name} does not need step ${from}.`,
      where: `pipeline ${plan.name}`,
      fix: `Take one of those that it needs: ${nodes.flatMap(({ id }) => (kept.has(id) && id !== to ? [id] : [])).join(', ') || 'there are none, so leave --from out'}.`,
    });
  }
  const cut = to === undefined ? plan : without(plan, kept, to);
  const followers = (id: string): string[] => nodes.filter((node) => needs.get(node.id)?.has(id)).map((node) => node.id);
  return { plan: cut, rerun: from === undefined ? null : reach(from, followers) };
}

function without(plan: Plan, kept: ReadonlySet<string>, to: string): Plan {
  const { body, always } = plan.skeleton;
  const gone = new Set(body.nodes.map(({ id }) => id).filter((id) => !kept.has(id)));
  const left = always?.nodes.filter((node) => ![...freeRoots(node)].some((root) => gone.has(root))) ?? [];
  return {
    ...plan,
    skeleton: {
      ...plan.skeleton,
      body: { nodes: body.nodes.filter(({ id }) => kept.has(id)), output: { [to]: { $orElse: [{ $ref: [to] }, null] } } },
      always: always && left.length > 0 ? { ...always, nodes: left } : null,
    },
  };
}

/** Names of the parameters that a step uses, in it and in the blocks it holds; '*' for all of them. */
export function paramsUsed(node: PlanNode): Set<string> {
  const used = new Set<string>();
  const visit = (one: PlanNode): void => {
    for (const expr of exprsOf(one)) addParams(expr, used);
    for (const { block, extra } of blocksOf(one)) {
      block.nodes.forEach(visit);
      for (const expr of [block.output, ...extra]) addParams(expr, used);
    }
  };
  visit(node);
  return used;
}

/** 'name@version' of the tasks in a step. */
export function tasksIn(node: PlanNode): Set<string> {
  return new Set([...(node.kind === 'task' ? [node.task] : []), ...blocksOf(node).flatMap(({ block }) => block.nodes.flatMap((one) => [...tasksIn(one)]))]);
}

function addParams(expr: Expr, used: Set<string>): void {
  if (expr === null || typeof expr !== 'object') return;
  if (Array.isArray(expr)) return expr.forEach((one) => addParams(one as Expr, used));
  const object = expr as { readonly [key: string]: Expr };
  if ('$lit' in object) return;
  const ref = object['$ref'];
  if (!Array.isArray(ref)) return Object.values(object).forEach((one) => addParams(one, used));
  const [root, name] = ref as readonly Expr[];
  if (root === '$params') used.add(typeof name === 'string' ? name : '*');
}

function reach(start: string, next: (id: string) => Iterable<string>): Set<string> {
  const found = new Set([start]);
  for (const id of found) for (const one of next(id)) found.add(one); // a set gives what is added while it is walked
  return found;
}

function noStep(plan: Plan, step: string): HeddleError {
  const ids = plan.skeleton.body.nodes.map(({ id }) => id);
  const near = closestName(step, ids);
  return new HeddleError('HDL-NO-STEP', {
    what: `Pipeline ${plan.name} has no step "${step}" of its own.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
    where: `pipeline ${plan.name}`,
    fix: `It has: ${ids.join(', ')}. A step inside a map, a branch or a loop is run with it.`,
  });
}
