/** Finds the plan's node behind a step path: 'trials[0.01].train' is node `train` in the body of map `trials`. Server only. */
import type { Block, PlanNode, Skeleton } from '../../dsl/plan/types.ts';

export interface FoundNode {
  readonly node: PlanNode;
  /** Key of plan.places: ids of the blocks joined with '/'. */
  readonly place: string;
  /** Branches around it, outermost first, with the side it is on. */
  readonly branches: readonly { readonly node: PlanNode; readonly side: 'then' | 'else' }[];
}

export function findNode(skeleton: Skeleton, step: string): FoundNode | undefined {
  if (skeleton.always && step.startsWith('always.')) {
    const found = inBlock(skeleton.always, step.slice('always.'.length), [], []);
    if (found) return { ...found, place: `always/${found.place}` };
  }
  return inBlock(skeleton.body, step, [], []);
}

function inBlock(block: Block, rest: string, above: readonly string[], branches: FoundNode['branches']): FoundNode | undefined {
  for (const node of block.nodes) {
    const found = atNode(node, rest, above, branches);
    if (found) return found;
  }
  return undefined;
}

function atNode(node: PlanNode, rest: string, above: readonly string[], branches: FoundNode['branches']): FoundNode | undefined {
  const path = [...above, node.id];
  if (rest === node.id) return { node, place: path.join('/'), branches };
  if (node.kind === 'branch') {
    // a branch adds nothing to the paths of its steps
    const within = (block: Block, side: 'then' | 'else'): FoundNode | undefined => inBlock(block, rest, path, [...branches, { node, side }]);
    return within(node.then, 'then') ?? (node.else && within(node.else, 'else'));
  }
  if ((node.kind !== 'map' && node.kind !== 'loop') || !rest.startsWith(node.id)) return undefined;
  const tail = rest.slice(node.id.length);
  if (node.kind === 'map' && tail.startsWith('[')) {
    // A key may hold ']' itself, so every end is tried.
    for (let end = tail.indexOf(']'); end >= 0; end = tail.indexOf(']', end + 1)) {
      if (end === tail.length - 1) return { node, place: path.join('/'), branches };
      const found = tail[end + 1] === '.' ? inBlock(node.body, tail.slice(end + 2), path, branches) : undefined;
      if (found) return found;
    }
  }
  const round = node.kind === 'loop' ? /^#\d+(\.|$)/.exec(tail) : null;
  if (!round) return undefined;
  return round[0].endsWith('.') ? inBlock(node.body, tail.slice(round[0].length), path, branches) : { node, place: path.join('/'), branches };
}
