/** Shapes of what workers push: hello and step events. */
import { z } from '@hono/zod-openapi';
import { logLineSchema } from './runs.ts';

const text = z.string().max(2_000);

export const workerHelloSchema = z
  .object({
    worker: text,
    pid: z.number().int(),
    host: text,
    pool: text,
    classes: z.record(z.string(), z.number()),
    tasks: z.array(text).max(10_000),
    startedAt: z.number(),
    draining: z.boolean(),
  })
  .openapi('WorkerHello');

const at = { runId: z.string().max(100), step: text, retry: z.number().int().min(0).optional(), at: z.number() };
const failure = z.object({ class: text, code: text, message: z.string() }).nullable();

export const stepEventSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('started'), ...at, attempt: z.number().int(), worker: text }),
    z.object({ kind: z.literal('progress'), ...at, attempt: z.number().int(), done: z.number(), total: z.number().nullable(), note: z.string().nullable() }),
    z.object({ kind: z.literal('log'), runId: z.string().max(100), line: logLineSchema }),
    z.object({ kind: z.literal('attempt'), ...at, attempt: z.number().int(), worker: text, failure }),
    z.object({ kind: z.literal('no-task'), ...at, task: text, version: text, pool: text }),
  ])
  .openapi('StepEvent');

export const stepEventsSchema = z.strictObject({ events: z.array(stepEventSchema).max(10_000) }).openapi('StepEvents');
