/** An author's value as an expression of the plan: refs become $ref, plain data stays, anything else is refused. */
import { HeddleError } from '../errors/heddle-error.ts';
import { pipelineOf, taskOf } from '../authoring/values.ts';
import { callerPlace } from './place.ts';
import { shared, type OpenBlock, type RefInfo, type Use } from './recording.ts';
import type { Expr } from './types.ts';

export function exprOf(value: unknown): Expr {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : refuse(`${value} is a number that JSON does not have.`);
  if (typeof value === 'object') {
    const ref = shared.refs.get(value);
    if (ref) return useRef(ref);
    if (Array.isArray(value)) return value.map((item) => exprOf(item));
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === Object.prototype || proto === null) return objectExpr(value as Record<string, unknown>);
  }
  return refuse(describe(value));
}

function objectExpr(value: Readonly<Record<string, unknown>>): Expr {
  const out: Record<string, Expr> = {};
  let dollar = false;
  for (const key of Object.keys(value)) {
    if (value[key] === undefined) continue;
    dollar ||= key.startsWith('$');
    out[key] = exprOf(value[key]);
  }
  if (!dollar) return out;
  if (holdsRef(value)) refuse('an object with a key that begins with $ holds a ref: rename the key.');
  return { $lit: out };
}

/** The ref's expression, after checking that its step can be seen from here. */
function useRef(ref: RefInfo): Expr {
  if (ref.partition) {
    return refuse('the partition itself is no value: give partition.key, partition.start or one of its dimensions.');
  }
  for (const use of ref.uses) seen(use);
  return ref.expr;
}

function seen({ root, block: home }: Use): void {
  let at = shared.current?.open.at(-1) ?? null;
  const crossed: OpenBlock[] = [];
  while (at && at !== home) {
    crossed.push(at);
    at = at.parent;
  }
  if (at) {
    for (const block of crossed) block.outer.set(root, home);
    return;
  }
  if (shared.current?.open.some((block) => block.label === 'always')) {
    throw new HeddleError('HDL-ALWAYS-REF', {
      what: `always() uses the step "${root}", which may not have run.`,
      where: callerPlace() ?? undefined,
    });
  }
  throw new HeddleError('HDL-REF-LEAK', {
    what: `"${root}" was made inside ${home.label} and is used outside of it.`,
    where: callerPlace() ?? undefined,
  });
}

function holdsRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return shared.refs.has(value) || Object.values(value).some(holdsRef);
}

function describe(value: unknown): string {
  const named = taskOf(value)?.name ?? pipelineOf(value)?.name;
  if (named !== undefined) return `${named} itself was given where its result is wanted: call it, ${named}({ ... }).`;
  if (typeof value === 'function') return 'a function was given where a value or a ref is wanted.';
  if (value === undefined) return 'undefined was given where a value or a ref is wanted: use null.';
  if (typeof value === 'object') return `a ${(value as object).constructor?.name ?? 'class instance'} was given where only JSON can go.`;
  return `a ${typeof value} was given where only JSON can go.`;
}

function refuse(what: string): never {
  throw new HeddleError('HDL-NOT-JSON', { what: what.charAt(0).toUpperCase() + what.slice(1), where: callerPlace() ?? undefined });
}
