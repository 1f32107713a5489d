/**
 * What stands behind an exported task or pipeline. The values carry it in a non-enumerable property under a global symbol,
 * so that two copies of this module understand each other. Compiler, workers and testing kit read it.
 */
import type { z } from 'zod';
import type { DimensionDef, TaskRules } from '../plan/types.ts';
import type { Problem } from '../plan/problem.ts';
import type { AnyBatch } from './batch.ts';
import type { TaskContext } from './context.ts';
import type { Dataset } from './dataset.ts';
import type { Schedule } from './pipeline.ts';
import type { Duration } from './ref.ts';
import type { Trigger } from './triggers.ts';

export interface TaskValue {
  readonly name: string;
  readonly version: string;
  readonly owner: string | null;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly rules: TaskRules;
  /** False: rules.class is the default, and the plan may choose another of the pool. */
  readonly classGiven: boolean;
  /** Output paths ('' or one field) with the dataset whose slice the task publishes there. */
  readonly publishes: Readonly<Record<string, string>>;
  /** All datasets in its input and output. */
  readonly datasets: readonly Dataset[];
  /** null: it always runs. `forMs` null: a result of any age will do. */
  readonly cache: { readonly forMs: number | null } | null;
  /** The author's code for many partitions at once. */
  readonly batch?: AnyBatch;
  /** argv of a command task. */
  readonly command?: readonly string[];
  /** Secrets that a command's process gets as variables. */
  readonly secrets?: readonly string[];
  /** 'file:line:col' of its declaration, absolute. */
  readonly place: string | null;
  /** Mistakes in the declaration. */
  readonly problems: readonly Problem[];
  /** The author's code as it stands, without validation; null for command and control tasks. */
  readonly run: ((input: unknown, ctx: TaskContext) => Promise<unknown>) | null;
}

export interface PipelineValue {
  readonly name: string;
  readonly owner: string | null;
  readonly params: z.ZodType | null;
  readonly partitions: Readonly<Record<string, DimensionDef>> | null;
  readonly schedule: Schedule | null;
  readonly deadline: Duration | null;
  readonly triggers: readonly Trigger[];
  readonly onFailure: 'fail' | 'pause';
  readonly place: string | null;
  /** Runs the author's body: only within buildPlan. */
  readonly body: (scope: object) => unknown;
}

const TASK = Symbol.for('heddle.task');
const PIPELINE = Symbol.for('heddle.pipeline');

const read = (value: unknown, brand: symbol): unknown =>
  typeof value === 'function' && Object.hasOwn(value, brand) ? (value as unknown as Record<symbol, unknown>)[brand] : undefined;
export const taskOf = (value: unknown): TaskValue | undefined => read(value, TASK) as TaskValue | undefined;
export const pipelineOf = (value: unknown): PipelineValue | undefined => read(value, PIPELINE) as PipelineValue | undefined;

export const brandTask = <F extends object>(call: F, value: TaskValue): F => Object.defineProperty(call, TASK, { value });
export const brandPipeline = <F extends object>(call: F, value: PipelineValue): F => Object.defineProperty(call, PIPELINE, { value });
