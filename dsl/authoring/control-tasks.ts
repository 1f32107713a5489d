/** Built-in tasks that the server itself runs: the model registry and notifications. Called like any task. */
import { z } from 'zod';
import type { Input, Ref, RefTo } from './ref.ts';
import type { StepOptions } from './inputs.ts';
import { declareTask } from './declare-task.ts';
import { modelOf, type Model } from './model.ts';

const control = (name: string, input: z.ZodType, output: z.ZodType): object =>
  declareTask({ name, version: '1', input, output, run: null, control: true, retry: { attempts: 10, backoff: '1s' }, timeout: '1m' });

/** Makes an immutable version of a trained model; the same content gives the same version. */
export const registerModel = control(
  'heddle.register_model',
  z.object({
    model: modelOf(),
    metrics: z.record(z.string(), z.number()).default({}),
    /** Slice -> metric -> value: where a model that is good on the whole is bad. */
    slices: z.record(z.string(), z.record(z.string(), z.number())).default({}),
  }),
  z.object({ model: modelOf() }),
) as <N extends string>(
  input: {
    readonly model: RefTo<Model<N>>;
    readonly metrics?: Input<Record<string, number>>;
    readonly slices?: Input<Record<string, Record<string, number>>>;
  },
  options?: StepOptions,
) => Ref<{ model: Model<N> }>;

/**
 * Points an alias at a version, by compare-and-set: fails when the alias is not at `expected` any more (null: at nothing).
 * Without `expected`: at what it was when the step ran.
 */
export const promoteModel = control(
  'heddle.promote_model',
  z.object({ model: modelOf(), alias: z.string(), expected: modelOf().nullable().optional() }),
  z.object({ model: modelOf(), previous: modelOf().nullable() }),
) as <N extends string>(
  input: { readonly model: RefTo<Model<N>>; readonly alias: Input<string>; readonly expected?: RefTo<Model<N> | null> | RefTo<Model<N>> | null },
  options?: StepOptions,
) => Ref<{ model: Model<N>; previous: Model<N> | null }>;

/** Sends a message through the project's webhook. */
export const notify = control('heddle.notify', z.object({ text: z.string(), level: z.enum(['info', 'warning', 'error']).default('info') }), z.null()) as (
  input: { readonly text: Input<string>; readonly level?: 'info' | 'warning' | 'error' },
  options?: StepOptions,
) => Ref<null>;
