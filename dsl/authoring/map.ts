/** map and pluck: a body for every item of a list, as data. Authors' surface. */
import type { ItemList } from './item-list.ts';
import type { Ref, RefTo, Resolved, Returnable } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { makeRef, plucked, usesOf } from '../plan/make-ref.ts';
import { blockId, record, recordBlock, recording, shapeOfValue } from '../plan/record.ts';
import { listShape } from '../plan/shape.ts';
import { canFuse } from '../plan/fuse.ts';
import { callerPlace } from '../plan/place.ts';
import type { Expr } from '../plan/types.ts';

/** What map runs over: a ref to a list, an item list, or an array written here. */
export type Mappable = RefTo<readonly unknown[]> | RefTo<ItemList<unknown>> | readonly unknown[];
export type ItemOf<L> =
  L extends RefTo<ItemList<infer T>> ? T : L extends RefTo<readonly (infer T)[]> ? T : L extends readonly (infer T)[] ? Resolved<T> : never;
/** Elements of a map's result: with `tolerate` a failed item is null. */
type Element<R, O> = O extends { readonly tolerate: number | string } ? Resolved<R> | null : Resolved<R>;
export type Mapped<L, R, O> = L extends RefTo<ItemList<unknown>> ? ItemList<Element<R, O>> : Element<R, O>[];
export interface MapOptions<Item = unknown> {
  readonly id?: string;
  /** Items in flight at once; default 16. */
  readonly parallel?: number;
  /** Failed items that are borne: a count, or a share such as '10%'. */
  readonly tolerate?: number | `${number}%`;
  /** Name of an item in step paths; default: its index. */
  readonly key?: (item: Ref<Item>) => RefTo<string | number>;
}

/** Runs the body once for every item, `parallel` at a time. Outputs are in the order of the items. */
export function map<const L extends Mappable, R, const O extends MapOptions<ItemOf<L>> = {}>(
  over: L,
  body: (item: Ref<ItemOf<L>>, index: RefTo<number>) => R & Returnable<R>,
  options?: O & MapOptions<ItemOf<L>>,
): Ref<Mapped<L, R, O>> {
  const { current, top } = recording('map()');
  const { id, parallel, tolerate, key } = (options ?? {}) as MapOptions;
  const overExpr = exprOf(over);
  const overShape = shapeOfValue(over);
  const depth = top.depth;
  let keyExpr: Expr | undefined;
  const inner = recordBlock(
    'map',
    (block) => {
      const item = makeRef({ $ref: [`$item${depth}`] }, { uses: [{ root: `$item${depth}`, block }], shape: overShape.element() });
      const index = makeRef({ $ref: [`$index${depth}`] }, { uses: [{ root: `$index${depth}`, block }] });
      if (key) keyExpr = exprOf(key(item as never)); // the proxy stands for the item
      return body(item as never, index as never); // likewise
    },
    { scope: true },
  );
  const items = overShape.list === 'items' ? 'list' : 'array';
  const bears = toleration(tolerate);
  if (bears === null) {
    current.problems.push({
      code: 'HDL-BAD-OPTION',
      what: `tolerate: ${String(tolerate)} is neither a count nor a share such as '10%'.`,
      where: callerPlace(),
    });
  }
  const node = {
    kind: 'map' as const,
    over: overExpr,
    items,
    parallel: parallel ?? 16,
    ...(bears && { tolerate: bears }),
    ...(keyExpr !== undefined && { key: keyExpr }),
    depth,
    body: inner.block,
  } as const;
  const fuse = canFuse(node, top.nodes);
  const shape = listShape(items === 'list' ? 'items' : 'array', () => inner.shape);
  return record(blockId('map', inner.block), fuse === null ? node : { ...node, fuse }, shape, { id }).ref as never; // a proxy
}

function toleration(given: number | string | undefined): { count: number } | { share: number } | null | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number') return Number.isInteger(given) && given >= 0 ? { count: given } : null;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(given)?.[1];
  return percent !== undefined && Number(percent) <= 100 ? { share: Number(percent) / 100 } : null;
}

/** One field of every element: `pluck(trials, 'auc')`. */
export function pluck<T, K extends keyof T & string>(list: RefTo<readonly T[]>, field: K): Ref<T[K][]> {
  return makeRef({ $pluck: [exprOf(list), field] }, { uses: usesOf(list), shape: plucked(shapeOfValue(list), field) }) as never; // a proxy
}
