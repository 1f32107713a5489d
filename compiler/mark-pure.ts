/**
 * Marks the calls in a file's top-level declarations as free of effects, so that the bundler may drop those that a task
 * does not reach: `const other = task({ ... })` is a call, and calls are kept otherwise. Only for digests, never for code
 * that runs.
 */
import { parse, type AnyNode } from 'acorn';
import { transform } from 'esbuild';

/** Plain JavaScript comes out, whatever goes in. */
export async function markPure(source: string, typed: boolean): Promise<string> {
  const { code: text } = await transform(source, { loader: typed ? 'ts' : 'js', target: 'node24', tsconfigRaw: '{}' });
  let program: AnyNode;
  try {
    program = parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  } catch {
    return text; // more is kept than needed: a digest that changes too often, never too seldom
  }
  const starts = new Set<number>();
  calls(program, starts);
  let out = '';
  let done = 0;
  for (const start of [...starts].sort((a, b) => a - b)) {
    out += `${text.slice(done, start)}/* @__PURE__ */ `;
    done = start;
  }
  return out + text.slice(done);
}

/** Positions of calls outside of functions and of statements that stand for their effect. */
function calls(node: AnyNode, starts: Set<number>): void {
  if (/Function|MethodDefinition|ExpressionStatement/.test(node.type)) return;
  if (node.type === 'CallExpression' || node.type === 'NewExpression') starts.add(node.start);
  for (const value of Object.values(node)) {
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value as unknown]) {
      if (typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string' && 'start' in part) calls(part as AnyNode, starts); // acorn's nodes
    }
  }
}
