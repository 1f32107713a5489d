/**
 * How many steps a block comes to, as far as the plan shows it: a map over an array counts its body once (its items count
 * when it begins), one over an item list as a long one. Pure, runs in the sandbox.
 */
import type { Block, PlanNode } from '../../dsl/plan/types.ts';

/** Steps that a map over an item list is taken for: it may have any number of pages. */
const LIST_STEPS = 1000;

const weights = new WeakMap<Block, number>();

export function weightOf(block: Block): number {
  const known = weights.get(block);
  if (known !== undefined) return known;
  let weight = 0;
  for (const node of block.nodes) weight += nodeWeight(node);
  weights.set(block, weight);
  return weight;
}

function nodeWeight(node: PlanNode): number {
  switch (node.kind) {
    case 'map':
      return node.items === 'list' ? LIST_STEPS : 1 + weightOf(node.body);
    case 'loop':
      return 1 + node.max * weightOf(node.body);
    case 'branch':
      return 1 + Math.max(weightOf(node.then), node.else ? weightOf(node.else) : 0);
    default:
      return 1;
  }
}
