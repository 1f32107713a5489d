/**
 * Which values a node needs from around it: the roots of all refs in its expressions and inner blocks, less what the inner
 * blocks define themselves. Computed once a block and cached; pure, runs in the sandbox.
 */
import { addRoots } from '../../dsl/plan/free-roots.ts';
import type { Block, Expr, PlanNode } from '../../dsl/plan/types.ts';

/** Dependencies of the nodes of a block, in the order of `block.nodes`. */
export interface BlockShape {
  /** Ids of nodes of this block that node i waits for. */
  readonly needs: readonly (readonly string[])[];
  readonly indexOf: ReadonlyMap<string, number>;
}

const shapes = new WeakMap<Block, BlockShape>();

export function shapeOf(block: Block): BlockShape {
  const known = shapes.get(block);
  if (known) return known;
  const indexOf = new Map(block.nodes.map((node, index) => [node.id, index]));
  const needs = block.nodes.map((node) => {
    const roots = freeRefsOf(node);
    for (const id of node.after ?? []) roots.add(id);
    if (node.kind === 'map' && node.fuse !== undefined && node.items === 'array') roots.delete(node.fuse);
    return [...roots].filter((root) => indexOf.has(root));
  });
  const shape = { needs, indexOf };
  shapes.set(block, shape);
  return shape;
}

/** Roots that a node takes from outside of itself ('$params', '$item0', node ids). */
export function freeRefsOf(node: PlanNode): Set<string> {
  const out = new Set<string>();
  switch (node.kind) {
    case 'task':
      addRoots(node.input, out);
      if (node.into !== undefined) addRoots(node.into, out);
      break;
    case 'map':
      addRoots(node.over, out);
      addBlock(node.body, [`$item${node.depth}`, `$index${node.depth}`], out, node.key);
      break;
    case 'branch':
      addRoots(node.if, out);
      addBlock(node.then, [], out);
      if (node.else) addBlock(node.else, [], out);
      break;
    case 'loop':
      addRoots(node.start, out);
      addBlock(node.body, [`$state${node.depth}`, `$round${node.depth}`], out, node.until);
      break;
    case 'gate':
      addRoots(node.ask, out);
      addRoots(node.show, out);
      break;
    case 'wait':
      if ('slice' in node.on) addRoots(node.on.slice, out);
      if ('path' in node.on) addRoots(node.on.path, out);
      break;
    case 'pipeline':
      addRoots(node.params, out);
      if (node.partition !== null) addRoots(node.partition, out);
      break;
    case 'workflow':
      addRoots(node.input, out);
      break;
  }
  return out;
}

function addBlock(block: Block, locals: readonly string[], out: Set<string>, extra?: Expr): void {
  const inner = new Set<string>();
  for (const node of block.nodes) {
    for (const root of freeRefsOf(node)) inner.add(root);
    for (const id of node.after ?? []) inner.add(id);
  }
  addRoots(block.output, inner);
  if (extra !== undefined) addRoots(extra, inner);
  for (const node of block.nodes) inner.delete(node.id);
  for (const local of locals) inner.delete(local);
  for (const root of inner) out.add(root);
}

/** Calls `visit` with each `$slice` and `$model` expression, inner blocks included; those that a wait waits for left out. */
export function visitPins(block: Block, visit: (expr: { readonly [key: string]: Expr }) => void): void {
  for (const node of block.nodes) {
    switch (node.kind) {
      case 'task':
        pinsIn(node.input, visit);
        break;
      case 'map':
        pinsIn(node.over, visit);
        visitPins(node.body, visit);
        break;
      case 'branch':
        pinsIn(node.if, visit);
        visitPins(node.then, visit);
        if (node.else) visitPins(node.else, visit);
        break;
      case 'loop':
        pinsIn(node.start, visit);
        visitPins(node.body, visit);
        break;
      case 'pipeline':
        pinsIn(node.params, visit);
        break;
      case 'workflow':
        pinsIn(node.input, visit);
        break;
      case 'gate':
      case 'wait':
        break;
    }
  }
  pinsIn(block.output, visit);
}

function pinsIn(expr: Expr, visit: (expr: { readonly [key: string]: Expr }) => void): void {
  if (expr === null || typeof expr !== 'object') return;
  if (Array.isArray(expr)) {
    for (const item of expr) pinsIn(item as Expr, visit);
    return;
  }
  const object = expr as { readonly [key: string]: Expr };
  if ('$lit' in object || '$ref' in object) return;
  if ('$slice' in object || '$model' in object) visit(object);
  for (const key in object) pinsIn(object[key] as Expr, visit);
}
