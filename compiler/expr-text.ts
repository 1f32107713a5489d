/** Expressions of a plan as short text, and what they lead to. For describe-plan.ts. */
import type { Expr } from '../dsl/plan/types.ts';

type Node = { readonly [key: string]: Expr };

/** 'train.auc', 'gte(report.auc, $params.minAuc)', 'flights.raw before(day, 28d)'. */
export function exprText(expr: Expr): string {
  if (expr === null || typeof expr !== 'object') return JSON.stringify(expr);
  if (Array.isArray(expr)) return expr.length > 6 ? `[${expr.length} items]` : `[${expr.map((item) => exprText(item as Expr)).join(', ')}]`;
  const node = expr as Node;
  const parts = (key: string): readonly Expr[] => node[key] as readonly Expr[];
  if ('$ref' in node) return parts('$ref').join('.');
  if ('$orElse' in node) return `${exprText(parts('$orElse')[0] ?? null)} or else ${exprText(parts('$orElse')[1] ?? null)}`;
  if ('$field' in node || '$pluck' in node)
    return `${exprText(parts('$field' in node ? '$field' : '$pluck')[0] ?? null)}.${String(parts('$field' in node ? '$field' : '$pluck')[1])}`;
  if ('$op' in node) return `${String(parts('$op')[0])}(${parts('$op').slice(1).map(exprText).join(', ')})`;
  if ('$text' in node)
    return `"${parts('$text')
      .map((part, i) => (i % 2 === 0 ? String(part) : `\${${exprText(part)}}`))
      .join('')}"`;
  if ('$slice' in node) return sliceText(node['$slice'] as Node);
  if ('$model' in node) return modelText(node['$model'] as Node);
  if ('$lit' in node) return JSON.stringify(node['$lit']);
  return `{ ${Object.entries(node)
    .map(([key, value]) => `${key}: ${exprText(value)}`)
    .join(', ')} }`;
}

function sliceText({ dataset, how, key, span, ifAny }: Node): string {
  const keys = Object.entries(key as Node).map(([name, value]) => `${name} = ${exprText(value)}`);
  return `${String(dataset)} ${String(how)}(${[...keys, ...(span === undefined ? [] : [String(span)])].join(', ')})${ifAny === true ? ', those that are there' : ''}`;
}
const modelText = ({ name, optional }: Node): string =>
  `model ${typeof name === 'string' ? name : exprText(name ?? null)}${optional === true ? ', if there is one' : ''}`;

/** Every expression within, itself included; not inside literals. */
export function* walkExpr(expr: Expr): Generator<Node> {
  if (expr === null || typeof expr !== 'object') return;
  if (!Array.isArray(expr)) {
    const node = expr as Node;
    if ('$lit' in node) return;
    yield node;
    if ('$ref' in node) return;
  }
  for (const part of Object.values(expr)) yield* walkExpr(part as Expr);
}
/** Steps that an expression needs, each once. */
export function rootsOf(expr: Expr): string[] {
  const roots = new Set<string>();
  for (const node of walkExpr(expr)) {
    const root = '$ref' in node ? String((node['$ref'] as readonly Expr[])[0]) : '$';
    if (!root.startsWith('$')) roots.add(root);
  }
  return [...roots];
}
