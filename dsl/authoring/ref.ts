/**
 * What an author wires with: refs, the slots they fit in, and values that may be missing. Types only, for dsl and authors.
 * The names here are the text of the compiler's messages: they are chosen for the reader of an error.
 */
declare const VALUE: unique symbol;
declare const HANDLE: unique symbol;

export type Primitive = string | number | boolean | null;

/** A typed handle to data. It only travels by ref: no object literal can pass for one. */
export interface Handle<Kind extends string> {
  readonly [HANDLE]: Kind;
}

/** Stands for a value of type T that exists when the plan runs. */
export interface RefTo<out T> {
  readonly [VALUE]: T;
}
export type Ref<T> = RefTo<T> & FieldsOf<T>;

export type FieldsOf<T> = [T] extends [null]
  ? unknown
  : null extends T
    ? OrElse<Exclude<T, null>>
    : [T] extends [Primitive]
      ? unknown
      : [T] extends [readonly (infer E)[]]
        ? ListFields<E>
        : { readonly [K in keyof T & string]: Ref<T[K]> };

// No names of Array here but `length`: with more, the compiler takes a wrong list for a wrong array and lists its 28 methods.
export interface ListFields<E> {
  readonly length: RefTo<number>;
  nth(index: number): Ref<E | null>;
}

export interface OrElse<T> {
  /** This value, or `fallback` where it was skipped or is null. */
  orElse<F extends Input<T> | null>(fallback: F): Ref<F extends null ? T | null : T>;
}

declare const SKIPPED: unique symbol;
export interface Skippable {
  readonly [SKIPPED]: unknown;
}
/** The result of a step that may not run. `.orElse(value)` or `.otherwise(() => ...)` makes it usable. */
export interface MaybeSkipped<T> extends OrElse<T> {
  readonly [SKIPPED]: T;
  otherwise<R>(body: () => R & Returnable<R>): Ref<T | Resolved<R>>;
}

/** What fits a slot of type T: a ref to it, the value itself, or a literal whose parts fit. */
export type Input<T> = RefTo<T> | Literal<T>;
export type Literal<T> = T extends Primitive
  ? T
  : T extends Handle<string>
    ? never
    : T extends readonly (infer E)[]
      ? readonly Input<E>[]
      : { readonly [K in keyof T]: Input<T[K]> };

/** unknown when a body may return R, else a sentence at the part that it may not. Meant for an intersection. */
export type Returnable<R> = R extends void | Primitive | RefTo<unknown>
  ? unknown
  : R extends Skippable
    ? 'this step may be skipped: add .orElse(value) or .otherwise(() => ...)'
    : R extends PromiseLike<unknown>
      ? 'a body is not async: it runs once, while the plan is built, and nothing in it is awaited'
      : R extends readonly (infer E)[]
        ? readonly Returnable<E>[]
        : { readonly [K in keyof R]: Returnable<R[K]> };
export type Resolved<R> = R extends void
  ? null
  : R extends RefTo<infer T>
    ? T
    : R extends Primitive
      ? R
      : R extends readonly (infer E)[]
        ? Resolved<E>[]
        : { -readonly [K in keyof R]: Resolved<R[K]> };

/** What a task's code may return for T: readonly all the way down, so that `const` inference keeps 'onnx' from widening to string. */
export type Returned<T> = T extends Primitive | Handle<string>
  ? T
  : T extends readonly (infer E)[]
    ? readonly Returned<E>[]
    : { readonly [K in keyof T]: Returned<T[K]> };

/** Steps that a step waits for without using their value. */
export type Steps = RefTo<unknown> | Skippable | readonly (RefTo<unknown> | Skippable)[];
export type Condition = RefTo<boolean>;

type Unit = 's' | 'm' | 'h' | 'd' | 'w';
/** '90s', '30m', '6h', '2d', '4w'. */
export type Duration = `${number}${Unit}`;
