/**
 * Which parts of a step's output the interpreter itself must see: what conditions, texts, keys and maps read. The rest may
 * stay in the store and pass by reference. Follows refs through blocks to the steps behind them.
 */
import { blocksOf } from './free-roots.ts';
import type { Block, Expr, PlanNode } from './types.ts';

/** value: all of it; list: its elements can be counted; null: whether it is null. */
type Mode = 'value' | 'list' | 'null';
interface Scope {
  readonly block: Block;
  readonly parent: Scope | null;
  /** The map or loop that this is the body of. */
  readonly owner: PlanNode | null;
}
type Path = readonly string[];

export function keepPaths(blocks: readonly Block[]): Map<PlanNode, Path[]> {
  const kept = new Map<PlanNode, Set<string>>();
  const numbers = new Map<PlanNode, number>();
  const seen = new Set<string>();

  const need = (expr: Expr, path: Path, mode: Mode, scope: Scope): void => {
    if (expr === null || typeof expr !== 'object') return;
    if (Array.isArray(expr)) {
      const items = expr as readonly Expr[];
      const [head, ...rest] = path;
      if (head === undefined) {
        if (mode === 'value') for (const item of items) need(item, [], mode, scope);
      } else if (head === '*') for (const item of items) need(item, rest, mode, scope);
      else if (items[Number(head)] !== undefined) need(items[Number(head)] as Expr, rest, mode, scope);
      return;
    }
    const object = expr as { readonly [key: string]: Expr };
    if ('$ref' in object) {
      const [root, ...fields] = object['$ref'] as readonly string[];
      return needRoot(root as string, [...fields, ...path], mode, scope);
    }
    if ('$orElse' in object) {
      const [first, other] = object['$orElse'] as readonly Expr[];
      need(first as Expr, [], 'null', scope);
      need(first as Expr, path, mode, scope);
      return need(other as Expr, path, mode, scope);
    }
    if ('$field' in object) {
      const [of, field] = object['$field'] as readonly [Expr, string];
      return need(of, [field, ...path], mode, scope);
    }
    if ('$pluck' in object) {
      const [of, field] = object['$pluck'] as readonly [Expr, string];
      const [head, ...rest] = path;
      need(of, [], 'list', scope);
      if (head !== undefined && head !== 'length') return need(of, [head, field, ...rest], mode, scope);
      if (mode === 'value' && head === undefined) need(of, ['*', field], mode, scope);
      return;
    }
    if (isSpecial(object)) return; // what it reads was noted where it stands
    const [head, ...rest] = path;
    if (head !== undefined) {
      if (object[head] !== undefined) need(object[head], rest, mode, scope);
    } else if (mode === 'value') for (const key in object) need(object[key] as Expr, [], mode, scope);
  };

  const needRoot = (root: string, path: Path, mode: Mode, scope: Scope): void => {
    for (let at: Scope | null = scope; at; at = at.parent) {
      const owner = at.owner;
      if (owner?.kind === 'map' && root === `$item${owner.depth}` && at.parent) {
        const direct = typeof owner.over === 'object' && owner.over !== null && '$ref' in owner.over;
        if (owner.items === 'array' || direct) need(owner.over, ['*', ...path], mode, at.parent);
        return;
      }
      if (owner?.kind === 'loop' && root === `$state${owner.depth}` && at.parent) return needLoop(owner, path, mode, at.parent);
      const node = nodeOf(at.block, root);
      if (node) return needNode(node, path, mode, at);
    }
  };

  const indexes = new Map<Block, Map<string, PlanNode>>();
  const nodeOf = (block: Block, id: string): PlanNode | undefined => {
    if (!indexes.has(block)) indexes.set(block, new Map(block.nodes.map((node) => [node.id, node])));
    return indexes.get(block)?.get(id);
  };

  const needLoop = (node: Extract<PlanNode, { kind: 'loop' }>, path: Path, mode: Mode, around: Scope): void => {
    if (visited(node, path, mode)) return;
    need(node.start, path, mode, around);
    need(node.body.output, path, mode, { block: node.body, parent: around, owner: node });
  };

  const visited = (node: PlanNode, path: Path, mode: Mode): boolean => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    const mark = `${numbers.get(node)}/${mode}/${path.join('/')}`;
    if (seen.has(mark)) return true;
    seen.add(mark);
    return false;
  };

  const needNode = (node: PlanNode, path: Path, mode: Mode, scope: Scope): void => {
    switch (node.kind) {
      case 'loop':
        return needLoop(node, path, mode, scope);
      case 'branch':
        if (visited(node, path, mode)) return;
        for (const block of [node.then, ...(node.else ? [node.else] : [])]) need(block.output, path, mode, { block, parent: scope, owner: node });
        return;
      case 'map': {
        if (node.items === 'list' || visited(node, path, mode)) return; // an item list is small, wherever it lies
        const [head, ...rest] = path;
        if (head === 'length' || (head === undefined && mode !== 'value')) return;
        return need(node.body.output, rest, mode, { block: node.body, parent: scope, owner: node });
      }
      case 'gate':
      case 'wait':
        return; // always inline
      case 'task':
      case 'pipeline':
      case 'workflow': {
        if (path.length === 0 && mode === 'null') return; // what is stored is not null
        const star = path.findIndex((part) => part === '*' || part === 'length');
        const paths = kept.get(node) ?? new Set<string>();
        kept.set(node, paths.add(JSON.stringify(star < 0 ? path : path.slice(0, star))));
      }
    }
  };

  /** Notes what evaluating an expression reads, where its own parts may pass by reference. */
  const soft = (expr: Expr, scope: Scope): void => {
    if (expr === null || typeof expr !== 'object') return;
    if (Array.isArray(expr)) return expr.forEach((item) => soft(item as Expr, scope));
    const object = expr as { readonly [key: string]: Expr };
    if ('$ref' in object || '$lit' in object) return;
    const hard = object['$op'] ?? object['$text'];
    if (hard !== undefined) {
      soft(hard, scope);
      return need(hard, [], 'value', scope);
    }
    if ('$slice' in object || '$model' in object) {
      const { key, name } = (object['$slice'] ?? object['$model']) as { key?: Expr; name?: Expr };
      soft(key ?? name ?? null, scope);
      return need(key ?? name ?? null, [], 'value', scope);
    }
    if ('$orElse' in object) need((object['$orElse'] as readonly Expr[])[0] as Expr, [], 'null', scope);
    if ('$pluck' in object) need((object['$pluck'] as readonly Expr[])[0] as Expr, [], 'list', scope);
    for (const key in object) soft(object[key] as Expr, scope);
  };
  const whole = (expr: Expr, scope: Scope): void => {
    soft(expr, scope);
    need(expr, [], 'value', scope);
  };

  const visit = (scope: Scope): void => {
    for (const node of scope.block.nodes) {
      switch (node.kind) {
        case 'task':
          soft(node.input, scope);
          whole(node.into ?? null, scope);
          break;
        case 'map':
          soft(node.over, scope);
          need(node.over, [], node.items === 'list' ? 'value' : 'list', scope);
          break;
        case 'branch':
          whole(node.if, scope);
          break;
        case 'loop':
          soft(node.start, scope);
          break;
        case 'gate':
          whole(node.ask, scope);
          whole(node.show, scope);
          break;
        case 'wait':
          if ('slice' in node.on) soft(node.on.slice, scope);
          if ('path' in node.on) whole(node.on.path, scope);
          break;
        case 'pipeline':
          whole(node.params, scope); // checked against the callee's schema before it starts
          whole(node.partition, scope);
          break;
        case 'workflow':
          whole(node.input, scope); // its author's worker knows nothing of stored values
          break;
      }
      for (const { block, extra } of blocksOf(node)) {
        const inner: Scope = { block, parent: scope, owner: node };
        for (const expr of extra) whole(expr, inner);
        visit(inner);
      }
    }
    soft(scope.block.output, scope);
  };
  for (const block of blocks) visit({ block, parent: null, owner: null });
  return new Map([...kept].map(([node, paths]) => [node, shortest([...paths].sort().map((path) => JSON.parse(path) as string[]))]));
}

const isSpecial = (object: object): boolean => Object.keys(object)[0]?.startsWith('$') ?? false;
/** Without those that lie below another. */
const shortest = (paths: string[][]): Path[] =>
  paths.filter((path) => !paths.some((other) => other.length < path.length && other.every((part, i) => part === path[i])));
