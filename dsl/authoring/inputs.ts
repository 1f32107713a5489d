/** How a step is called: its inputs, the partition it writes, its options. Types only; their names are message text. */
import type { Slice } from './dataset.ts';
import type { Handle, Input, Steps } from './ref.ts';
import type { Target } from './partition.ts';

/** The key that a step with this output publishes under; never when it publishes nothing. */
export type Published<O> =
  O extends Slice<string, infer K>
    ? K
    : O extends Handle<string> | readonly unknown[]
      ? never
      : O extends object
        ? { [F in keyof O]: O[F] extends Slice<string, infer K> ? K : never }[keyof O]
        : never;

export interface StepOptions {
  /** Default: the task's name. */
  readonly id?: string;
  /** Steps that must have ended before; a skipped one counts. */
  readonly after?: Steps;
}
/** A mapped type, not a union: errors land on the property, with "Did you mean". */
export type Inputs<I> = { readonly [K in keyof I]: Input<I[K]> };
/** Inputs of a step that publishes: `into` names the one partition that it writes. */
export type PublishInputs<I, K> = Inputs<I> & { readonly into: Target<K> };
export interface TakesNoInput {
  readonly into?: never;
}
export type InputsOf<I, K> = [K] extends [never] ? ([keyof I] extends [never] ? TakesNoInput : Inputs<I>) : PublishInputs<I, K>;
export type Call<A> = {} extends A ? [input?: A, options?: StepOptions] : [input: A, options?: StepOptions];
