/** workflowStep(): a hand-written Temporal workflow as a step, on its author's own worker and queue. Authors' surface. */
import { z } from 'zod';
import type { Call, Inputs, TakesNoInput } from './inputs.ts';
import type { Duration, Ref } from './ref.ts';
import type { JsonOutput, NoInput } from './task.ts';
import { durationOption } from '../plan/duration-option.ts';
import { exprOf } from '../plan/expr-of.ts';
import { jsonSchemaOf } from '../plan/json-schema.ts';
import { callerPlace } from '../plan/place.ts';
import { record, recording } from '../plan/record.ts';
import { schemaProblems } from '../plan/schema-problems.ts';
import { lazyShape, shapeOfSchema } from '../plan/shape.ts';

export interface WorkflowStepDef<I extends z.ZodType, O extends z.ZodType> {
  /** Workflow type. */
  readonly type: string;
  /** Task queue of the worker that has it. */
  readonly queue: string;
  readonly input?: I;
  readonly output?: O;
  /** Of the whole workflow. Default: no limit. */
  readonly timeout?: Duration;
}
export type WorkflowStep<I, O> = (...call: Call<[keyof I] extends [never] ? TakesNoInput : Inputs<I>>) => Ref<O>;

export function workflowStep<I extends z.ZodType = NoInput, O extends z.ZodType = z.ZodNull>(
  def: WorkflowStepDef<I, O> & JsonOutput<O>,
): WorkflowStep<z.input<I>, z.output<O>> {
  const { type, queue, input, output, timeout } = def as WorkflowStepDef<I, O>;
  const place = callerPlace();
  const shape = lazyShape(() => shapeOfSchema(jsonSchemaOf(output ?? z.null(), 'output').schema));
  return ((values: object = {}, options: { id?: string; after?: unknown } = {}) => {
    const { current } = recording(type);
    if (!queue) current.problems.push({ code: 'HDL-NO-QUEUE', what: `The workflow ${type} has no task queue.`, where: place });
    current.problems.push(...schemaProblems(type, input ?? z.object({}), output ?? z.null(), place));
    const timeoutMs = timeout === undefined ? null : durationOption('timeout', timeout);
    return record(type, { kind: 'workflow', type, queue, input: exprOf(values), timeoutMs }, shape, options).ref;
  }) as never; // I, O are the author's
}
