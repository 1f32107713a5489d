/** task(): a typed function with its rules. Called in a pipeline's body it makes a step and gives a ref. Authors' surface. */
import { z } from 'zod';
import type { MustBeJson } from './json.ts';
import type { Ref, Returned } from './ref.ts';
import type { Call, Inputs, InputsOf, Published } from './inputs.ts';
import type { TaskContext } from './context.ts';
import type { Cache, RuleOptions } from './task-rules.ts';
import type { Batch } from './batch.ts';
import { declareTask } from './declare-task.ts';

export type { Inputs };

export interface Task<I, O> {
  (...call: Call<InputsOf<I, Published<O>>>): Ref<O>;
  readonly taskName: string;
  /** Runs the code by itself, for unit tests: input and output are validated. What `ctx` leaves out throws when it is used. */
  run(input: I, ctx?: Partial<TaskContext<Published<O>>>): Promise<O>;
}

export interface TaskDef<I extends z.ZodType, O extends z.ZodType, R> extends RuleOptions {
  /** 'flights.train_one'. */
  readonly name: string;
  /** Changes when the meaning of the output changes, and only then. */
  readonly version: string;
  readonly owner?: string;
  readonly input?: I;
  readonly output?: O;
  /** Take the result of an earlier step of the same version with the same input; { for: '7d' }: one that is no older. */
  readonly cache?: Cache;
  /** Takes many partitions of a backfill in one call, with an outcome for each. */
  readonly batch?: Batch<z.output<NoInfer<I>>, Published<z.output<NoInfer<O>>>, ResultOf<z.input<NoInfer<O>>>>;
  run?(input: z.output<NoInfer<I>>, ctx: TaskContext<Published<z.output<NoInfer<O>>>>): Promise<R>;
}
/** The sentence stands where the output is: not in an optional property, which would add a line of advice that is wrong. */
export type JsonOutput<O extends z.ZodType> = unknown extends MustBeJson<z.output<O>, 'output'> ? unknown : { output: MustBeJson<z.output<O>, 'output'> };
export type NoInput = z.ZodType<{}, {}>;
export type ResultOf<W> = [W] extends [null] ? void | null : Returned<W>;

export function task<I extends z.ZodType = NoInput, O extends z.ZodType = z.ZodNull, const R extends ResultOf<z.input<O>> = ResultOf<z.input<O>>>(
  def: TaskDef<I, O, R> & JsonOutput<O>,
): Task<z.input<I>, z.output<O>> {
  const given = def as TaskDef<I, O, R>;
  // `this` in the author's code stays the declaration; I, O are the author's
  const run = given.run?.bind(given) ?? null;
  return declareTask({ ...given, input: given.input ?? z.object({}), output: given.output ?? z.null(), run: run as never }) as never;
}
