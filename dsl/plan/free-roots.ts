/** Roots of refs ('$params', '$item0', step ids) that a node takes from outside of itself. Plan building only. */
import type { Block, Expr, PlanNode } from './types.ts';

export function freeRoots(node: PlanNode): Set<string> {
  const out = new Set<string>(node.after);
  for (const expr of exprsOf(node)) addRoots(expr, out);
  for (const { block, locals, extra } of blocksOf(node)) {
    const inner = new Set<string>();
    for (const child of block.nodes) for (const root of freeRoots(child)) inner.add(root);
    addRoots(block.output, inner);
    for (const expr of extra) addRoots(expr, inner);
    for (const child of block.nodes) inner.delete(child.id);
    for (const local of locals) inner.delete(local);
    for (const root of inner) out.add(root);
  }
  return out;
}

/** Expressions of the node itself, evaluated in the block around it. */
export function exprsOf(node: PlanNode): Expr[] {
  switch (node.kind) {
    case 'task':
      return node.into === undefined ? [node.input] : [node.input, node.into];
    case 'map':
      return [node.over];
    case 'branch':
      return [node.if];
    case 'loop':
      return [node.start];
    case 'gate':
      return [node.ask, node.show];
    case 'wait':
      return 'slice' in node.on ? [node.on.slice] : 'path' in node.on ? [node.on.path] : [];
    case 'pipeline':
      return node.partition === null ? [node.params] : [node.params, node.partition];
    case 'workflow':
      return [node.input];
  }
}

export interface InnerBlock {
  readonly block: Block;
  readonly locals: readonly string[];
  /** Expressions evaluated inside: a map's key, a loop's condition. */
  readonly extra: readonly Expr[];
}
export function blocksOf(node: PlanNode): InnerBlock[] {
  switch (node.kind) {
    case 'map':
      return [{ block: node.body, locals: [`$item${node.depth}`, `$index${node.depth}`], extra: node.key === undefined ? [] : [node.key] }];
    case 'loop':
      return [{ block: node.body, locals: [`$state${node.depth}`, `$round${node.depth}`], extra: [node.until] }];
    case 'branch':
      return [node.then, ...(node.else ? [node.else] : [])].map((block) => ({ block, locals: [], extra: [] }));
    default:
      return [];
  }
}

/** Adds the roots of all refs in an expression. */
export function addRoots(expr: Expr, out: Set<string>): void {
  if (expr === null || typeof expr !== 'object') return;
  if (Array.isArray(expr)) {
    for (const item of expr) addRoots(item as Expr, out);
    return;
  }
  const object = expr as { readonly [key: string]: Expr };
  if ('$lit' in object) return;
  const ref = object['$ref'];
  if (Array.isArray(ref)) out.add(String(ref[0]));
  else for (const key in object) addRoots(object[key] as Expr, out);
}
