/**
 * The run-time side of refs: proxies that know an expression. What a ref cannot do (become text, JSON, be looped over or
 * spread) throws here, with the mend.
 */
import { HeddleError } from '../errors/heddle-error.ts';
import { exprOf } from './expr-of.ts';
import { FURTHEST_OFFSET, partitionStep, pathTo } from './partition-path.ts';
import { callerPlace } from './place.ts';
import { shared, type RefInfo, type Use } from './recording.ts';
import { listShape, unknownShape, type Shape } from './shape.ts';
import type { Expr } from './types.ts';

interface RefOptions {
  readonly uses?: readonly Use[];
  readonly shape?: Shape;
  /** Methods beyond those that every ref has. */
  readonly methods?: Readonly<Record<string, unknown>>;
  readonly partition?: true;
}

/** A ref to what `expr` gives. */
export function makeRef(expr: Expr, options: RefOptions = {}): object {
  const { uses = [], shape = unknownShape, methods = {} } = options;
  const child = (to: Expr, of: Shape, more: readonly Use[] = []): object => makeRef(to, { uses: more.length > 0 ? [...uses, ...more] : uses, shape: of });
  const proxy: object = new Proxy(Object.freeze({}), {
    get(_target, key) {
      if (key === 'then') return undefined; // `await ref` gives the ref back: nothing to wait for
      if (key === Symbol.toPrimitive) return misuse('turned into a string or a number', expr);
      if (key === 'toJSON') return misuse('turned into JSON', expr);
      if (key === Symbol.iterator || key === Symbol.asyncIterator) return misuse('looped over', expr);
      if (typeof key === 'symbol') return undefined;
      if (Object.hasOwn(methods, key)) return methods[key];
      if (key === 'nth') return (index: number) => child(step(expr, String(index)), shape.list === 'array' ? shape.field(String(index)) : unknownShape);
      if (key === 'orElse') return (fallback: unknown) => child({ $orElse: [expr, exprOf(fallback)] }, shape, usesOf(fallback));
      if (options.partition && (key === 'next' || key === 'previous')) return neighbour(expr, key === 'next' ? 1 : -1);
      if (options.partition && key === 'offset') return (by: number) => neighbour(expr, checkedOffset(by));
      return child(step(expr, key), shape.field(key));
    },
    ownKeys: misuse('spread or listed', expr),
    has: misuse("asked with 'in'", expr),
    getOwnPropertyDescriptor: () => undefined,
  });
  shared.refs.set(proxy, { expr, uses, shape, ...(options.partition && { partition: true as const }) });
  return proxy;
}
export const refInfo = (value: unknown): RefInfo | undefined => (typeof value === 'object' && value !== null ? shared.refs.get(value) : undefined);
/** What the refs in a value lead to. */
export function usesOf(...values: readonly unknown[]): Use[] {
  return values.flatMap((value) => {
    if (typeof value !== 'object' || value === null) return [];
    const info = shared.refs.get(value);
    return info ? [...info.uses] : usesOf(...Object.values(value));
  });
}
export const plucked = (list: Shape, field: string): Shape => listShape('array', () => list.element().field(field));

/** A partition so many later than the one that `expr` leads to, by the shortest path. */
function neighbour(expr: Expr, by: number): object {
  const { $ref } = expr as { readonly $ref: readonly string[] }; // as recordPipeline makes it
  return makeRef({ $ref: ['$partition', ...pathTo(partitionStep($ref).by + by)] }, { partition: true });
}
function checkedOffset(by: number): number {
  if (Number.isSafeInteger(by) && Math.abs(by) <= FURTHEST_OFFSET) return by;
  throw new HeddleError('HDL-BAD-OPTION', {
    what: `partition.offset(${String(by)}) leads to no partition.`,
    where: callerPlace() ?? undefined,
    fix: `Give a whole number from -${FURTHEST_OFFSET} to ${FURTHEST_OFFSET}.`,
  });
}

const step = (expr: Expr, key: string): Expr =>
  typeof expr === 'object' && expr !== null && '$ref' in expr ? { $ref: [...(expr['$ref'] as string[]), key] } : { $field: [expr, key] };

const misuse = (what: string, expr: Expr) => (): never => {
  throw new HeddleError('HDL-REF-MISUSE', {
    what: `A ref (${nameOf(expr)}) was ${what} while the plan was built.`,
    where: callerPlace() ?? undefined,
    why: 'Its value exists only when the plan runs; the body runs once, before that.',
  });
};
/** 'train.auc' of { $ref: ['train', 'auc'] }, 'gte(...)' of a condition: for messages. */
export const nameOf = (expr: Expr): string => {
  if (typeof expr !== 'object' || expr === null) return 'a value';
  const { $ref, $op, $slice } = expr as { readonly $ref?: readonly string[]; readonly $op?: readonly [string]; readonly $slice?: { readonly dataset: string } };
  if ($ref) return $ref.join('.');
  if ($op) return `${$op[0]}(...)`;
  if ($slice) return `a slice of ${$slice.dataset}`;
  return Object.keys(expr)[0]?.replace('$', '') ?? 'a value';
};
