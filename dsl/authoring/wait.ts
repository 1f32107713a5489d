/** Waits: for a partition, a path, an outside event. A state of its own, timed; no worker is held. Authors' surface. */
import type { z } from 'zod';
import type { Slice } from './dataset.ts';
import type { Duration, Input, Ref, RefTo } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { durationOption } from '../plan/duration-option.ts';
import { jsonSchemaOf } from '../plan/json-schema.ts';
import { callerPlace } from '../plan/place.ts';
import { record, recording } from '../plan/record.ts';
import { shapeOfSchema, unknownShape, type Shape } from '../plan/shape.ts';
import type { WaitNode } from '../plan/types.ts';

export interface WaitOptions {
  /** After this time the step fails. */
  readonly within: Duration;
  readonly id?: string;
}
function wait(defaultId: string, on: WaitNode['on'], options: WaitOptions, shape: Shape = unknownShape): object {
  return record(defaultId, { kind: 'wait', on, withinMs: durationOption('within', options.within) }, shape, options).ref;
}
/** Waits until every partition of the slice is published. */
export function waitFor<N extends string, K>(slice: RefTo<Slice<N, K>>, options: WaitOptions): Ref<Slice<N, K>> {
  const expr = exprOf(slice) as { readonly $slice?: { readonly dataset: string } };
  return wait(`wait:${expr.$slice?.dataset ?? 'slice'}`, { slice: expr as never }, options) as never; // a slice's expression; a proxy
}
/** Waits until a file or folder exists. */
export function waitForPath(uri: Input<string>, options: WaitOptions): Ref<{ uri: string }> {
  return wait('wait:path', { path: exprOf(uri) }, options) as never; // a proxy
}
/** Waits for an event from outside, whose payload must fit the schema. */
export function waitForEvent<S extends z.ZodType>(event: string, schema: S, options: WaitOptions): Ref<z.output<S>> {
  const { current } = recording('waitForEvent()');
  const { schema: json, problem } = jsonSchemaOf(schema, 'output');
  if (problem !== null) current.problems.push({ code: 'HDL-NOT-JSON-SCHEMA', what: `The payload of event "${event}": ${problem}.`, where: callerPlace() });
  current.events.set(event, schema);
  return wait(`wait:${event}`, { event }, options, shapeOfSchema(json)) as never; // a proxy
}
