/** command(): a task in any other language. Input and output are JSON files; see docs for what the program sees. */
import { z } from 'zod';
import type { Task, JsonOutput, NoInput } from './task.ts';
import type { Cache, RuleOptions } from './task-rules.ts';
import { declareTask } from './declare-task.ts';

export interface CommandDef<I extends z.ZodType, O extends z.ZodType> extends RuleOptions {
  readonly name: string;
  readonly version: string;
  readonly owner?: string;
  /** Program and arguments: ['python3', 'train.py']. No shell. */
  readonly argv: readonly [string, ...string[]];
  readonly input?: I;
  readonly output?: O;
  /** Take the result of an earlier step of the same version with the same input; { for: '7d' }: one that is no older. */
  readonly cache?: Cache;
  /** Secrets of the worker that the program gets as environment variables of these names: ['REGISTRY_TOKEN']. Nothing else sees them. */
  readonly secrets?: readonly string[];
}
export function command<I extends z.ZodType = NoInput, O extends z.ZodType = z.ZodNull>(def: CommandDef<I, O> & JsonOutput<O>): Task<z.input<I>, z.output<O>> {
  const { argv, input, output, ...rest } = def as CommandDef<I, O>;
  return declareTask({ ...rest, isolate: 'process', input: input ?? z.object({}), output: output ?? z.null(), command: [...argv], run: null }) as never; // I, O are the author's
}
