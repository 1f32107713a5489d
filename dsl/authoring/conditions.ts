/** Conditions on refs, for when() and loop(): expressions that the run evaluates. Authors' surface. */
import type { Condition, Input, Primitive, RefTo } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { makeRef, usesOf } from '../plan/make-ref.ts';

type Ordered = number | string;
type Widen<T> = T extends number ? number : T extends string ? string : T;

const op = (name: string, ...args: unknown[]): Condition => makeRef({ $op: [name, ...args.map((arg) => exprOf(arg))] }, { uses: usesOf(...args) }) as never; // a proxy has no type of its own
export const gt = <T extends Ordered>(a: RefTo<T>, b: NoInfer<Input<Widen<T>>>): Condition => op('gt', a, b);
export const gte = <T extends Ordered>(a: RefTo<T>, b: NoInfer<Input<Widen<T>>>): Condition => op('gte', a, b);
export const lt = <T extends Ordered>(a: RefTo<T>, b: NoInfer<Input<Widen<T>>>): Condition => op('lt', a, b);
export const lte = <T extends Ordered>(a: RefTo<T>, b: NoInfer<Input<Widen<T>>>): Condition => op('lte', a, b);
export const eq = <T extends Primitive>(a: RefTo<T>, b: NoInfer<Input<T>>): Condition => op('eq', a, b);
export const all = (...conditions: Condition[]): Condition => op('all', ...conditions);
export const any = (...conditions: Condition[]): Condition => op('any', ...conditions);
export const not = (condition: Condition): Condition => op('not', condition);
export const isNull = (value: RefTo<unknown>): Condition => op('isNull', value);
