/** Refuses, with a sentence, an output that JSON would change. Types only. */
import type { Handle, Primitive } from './ref.ts';

/** unknown when T survives JSON, else the sentence that says what does not. Meant for an intersection. */
export type MustBeJson<T, At extends string> = [Unfit<T, At>] extends [never] ? unknown : Unfit<T, At>;

type Reserved = 'then' | 'toJSON' | 'orElse' | 'nth' | 'otherwise';
type Unfit<T, At extends string> = T extends Primitive | Handle<string>
  ? never
  : T extends undefined
    ? `${At} may be undefined, which JSON drops: use .nullable()`
    : T extends Date
      ? `${At} is a Date, which JSON turns into a string: use z.iso.datetime()`
      : T extends bigint
        ? `${At} is a bigint, which JSON cannot carry: use z.int() or a string`
        : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
          ? `${At} is a Map or Set, which JSON empties: use an object or an array`
          : T extends (...args: never) => unknown
            ? `${At} is a function: only data crosses steps`
            : T extends readonly (infer E)[]
              ? Unfit<E, `${At}[]`>
              : T extends object
                ? {
                    [K in keyof T & string]-?: K extends Reserved ? `${At}.${K}: this name is reserved, rename the field` : Unfit<T[K], `${At}.${K}`>;
                  }[keyof T & string]
                : `${At} is unknown: give its schema`;
