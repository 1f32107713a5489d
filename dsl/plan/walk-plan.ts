/** All nodes of a plan with what is around them, for the rules. */
import { blocksOf } from './free-roots.ts';
import type { Block, Plan, PlanNode } from './types.ts';

export interface VisitedNode {
  readonly node: PlanNode;
  /** 'trials/train'. */
  readonly path: string;
  readonly place: string | null;
  readonly inAlways: boolean;
  /** The blocks around it, outermost first, with their owners and arms. */
  readonly around: readonly { readonly block: Block; readonly owner: PlanNode | null; readonly arm: number }[];
}

export function walkPlan(plan: Plan): VisitedNode[] {
  const out: VisitedNode[] = [];
  const visit = (block: Block, prefix: string, inAlways: boolean, around: VisitedNode['around']): void => {
    for (const node of block.nodes) {
      const path = prefix + node.id;
      out.push({ node, path, place: plan.places[path] ?? null, inAlways, around });
      for (const [arm, inner] of blocksOf(node).entries()) visit(inner.block, `${path}/`, inAlways, [...around, { block: inner.block, owner: node, arm }]);
    }
  };
  visit(plan.skeleton.body, '', false, [{ block: plan.skeleton.body, owner: null, arm: 0 }]);
  const always = plan.skeleton.always;
  if (always) visit(always, '', true, [{ block: always, owner: null, arm: 0 }]);
  return out;
}
