/**
 * Finds refs that are used as conditions or compared: `if (ref)`, `ref === 3`, `!ref`, `ref && x`. JavaScript cannot trap
 * those, so the second compiling child runs the project's files with each condition wrapped in a call that looks at the
 * value. (Plans and places come from the first child, whose files are as they stand.)
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parse, type AnyNode, type Expression } from 'acorn';
import { nameOf, refInfo } from '../dsl/plan/make-ref.ts';
import { shared } from '../dsl/plan/recording.ts';
import { problemOf, type Problem } from './problem.ts';
import { isOwnFile } from './stack.ts';

const WATCH = '__heddleWatch';
const FIX = {
  condition: 'Use when(condition, () => ...) with eq(), gte(), isNull()... To ask whether a ref was given to a helper at all, compare it with undefined.',
  comparison: 'Use eq(), not(eq()), gte(), lte() or isNull(): they make a condition for when().',
} as const;

/** Starts watching files that are imported from now on; what is found goes to `report`. */
export function watchConditions(folder: string, library: (file: string) => boolean, report: (problem: Problem, pipeline: string) => void): void {
  const told = new Set<string>();
  const watch = (value: unknown, how: string, file: string, line: number, column: number): unknown => {
    const pipeline = shared.current?.pipeline.name;
    const ref = pipeline === undefined ? undefined : refInfo(value);
    const where = `${file}:${line}:${column}`;
    if (ref && pipeline !== undefined && !told.has(where + how)) {
      told.add(where + how);
      const comparison = /=/.test(how);
      const used = comparison ? `compared with ${how}` : /^\W+$/.test(how) && how !== '? :' ? `used with ${how}` : `used as the condition of ${how}`;
      const what = `A ref (${nameOf(ref.expr)}) was ${used} while the plan was built.`;
      const why = comparison ? 'It is a stand-in for the value, so the answer is always the same.' : 'It is a stand-in for the value, which is always true.';
      report(problemOf({ code: 'HDL-REF-MISUSE', what, why, where, fix: FIX[comparison ? 'comparison' : 'condition'] }, folder), pipeline);
    }
    return value;
  };
  Object.defineProperty(globalThis, WATCH, { value: watch });
  registerHooks({
    load(url, context, next) {
      const file = url.startsWith('file://') ? fileURLToPath(url.replace(/[?#].*$/, '')) : '';
      const typed = /\.m?ts$/.test(file);
      if (!(typed || /\.m?js$/.test(file)) || !isOwnFile(file, folder) || library(file)) return next(url, context);
      const loaded = next(url, context); // also finds syntax errors, with Node's message
      if (loaded.format !== 'module' && loaded.format !== 'module-typescript') return loaded;
      const text = readFileSync(file, 'utf8');
      const source = watched(typed ? stripped(text) : text, file);
      return source === null || source === '' ? loaded : { ...loaded, format: 'module', source, shortCircuit: true };
    },
  });
}

/** '' for what cannot be stripped: Node says so itself, with the file's name. */
function stripped(text: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    return '';
  }
}

interface Spot {
  readonly node: Expression;
  /** What the place is said to be; both sides of a comparison stand for all of it. */
  readonly at: AnyNode;
  readonly how: string;
}

/** The source with its conditions wrapped; null where it cannot be parsed. */
export function watched(source: string, file: string): string | null {
  let program: AnyNode;
  try {
    program = parse(source, { ecmaVersion: 'latest', sourceType: 'module', locations: true, allowHashBang: true });
  } catch {
    return null; // newer syntax than the parser's: the file runs unwatched
  }
  const spots: Spot[] = [];
  visit(program, (node) => spots.push(...spotsOf(node)));
  const marks: { readonly at: number; readonly text: string; readonly order: number }[] = [];
  for (const { node, how, at } of spots) {
    const { line = 0, column = 0 } = at.loc?.start ?? {};
    marks.push(
      { at: node.start, text: `${WATCH}((`, order: node.end },
      { at: node.end, text: `),${JSON.stringify(how)},${JSON.stringify(file)},${line},${column + 1})`, order: -node.start },
    );
  }
  // outer calls open first and close last
  marks.sort(
    (a, b) =>
      a.at - b.at || Number(a.text.startsWith('_')) - Number(b.text.startsWith('_')) || (a.text.startsWith('_') ? b.order - a.order : a.order - b.order),
  );
  let out = '';
  let done = 0;
  for (const { at, text } of marks) {
    out += source.slice(done, at) + text;
    done = at;
  }
  return out + source.slice(done);
}

function spotsOf(node: AnyNode): Spot[] {
  switch (node.type) {
    case 'IfStatement':
      return [spot(node.test, 'if')];
    case 'ConditionalExpression':
      return [spot(node.test, '? :')];
    case 'WhileStatement':
    case 'DoWhileStatement':
      return [spot(node.test, 'while')];
    case 'ForStatement':
      return node.test ? [spot(node.test, 'for')] : [];
    case 'SwitchStatement':
      return [spot(node.discriminant, 'switch')];
    case 'LogicalExpression':
      return node.operator === '??' ? [] : [spot(node.left, node.operator)];
    case 'UnaryExpression':
      return node.operator === '!' ? [spot(node.argument, '!')] : [];
    case 'BinaryExpression': {
      const { left, right, operator } = node;
      if (!/^[!=]==?$/.test(operator) || left.type === 'PrivateIdentifier' || isUndefined(left) || isUndefined(right)) return [];
      return [left, right].map((side) => ({ node: side, how: operator, at: node }));
    }
    default:
      return [];
  }
}
const spot = (node: Expression, how: string): Spot => ({ node, how, at: node });
const isUndefined = (node: Expression): boolean => node.type === 'Identifier' && node.name === 'undefined';

function visit(node: AnyNode, see: (node: AnyNode) => void): void {
  see(node);
  for (const value of Object.values(node)) {
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value as unknown]) {
      if (typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string' && 'start' in part) visit(part as AnyNode, see); // acorn's nodes
    }
  }
}
