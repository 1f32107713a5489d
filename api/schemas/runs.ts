/** Shapes of runs, steps and what is said to runs, as dsl/contract/api.ts has them. */
import { z } from '@hono/zod-openapi';
import { jsonObjectSchema, jsonSchema } from './json.ts';

const hash = z.string().min(1).max(200);
const name = z.string().min(1).max(200);

export const startRunSchema = z
  .strictObject({
    pipeline: name,
    planHash: hash,
    params: jsonSchema,
    partition: jsonObjectSchema.nullable(),
    key: z.string().min(1).max(200).optional(),
    cache: z.boolean().optional(),
    part: z
      .strictObject({ from: z.string().min(1).max(200).optional(), to: z.string().min(1).max(200).optional(), reuse: z.string().min(1).max(100).optional() })
      .refine(({ from, reuse }) => from === undefined || reuse !== undefined, {
        message: 'from needs reuse: the run whose results the steps before it take',
        path: ['reuse'],
      })
      .optional(),
  })
  .openapi('StartRun');

const runStatus = z.enum(['running', 'paused', 'done', 'failed', 'cancelled']);
const stepStatus = z.enum([
  'pending',
  'queued',
  'running',
  'publishing',
  'waiting',
  'retrying',
  'done',
  'failed',
  'skipped',
  'blocked',
  'cancelled',
  'abandoned',
]);
const failure = z.object({ class: z.string(), code: z.string(), message: z.string() });

const summary = {
  runId: z.string(),
  project: z.string(),
  pipeline: z.string(),
  partition: z.string().nullable(),
  planHash: z.string(),
  status: runStatus,
  startedBy: z.string(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  workflowId: z.string(),
  parent: z.object({ runId: z.string(), step: z.string() }).nullable(),
  counts: z.partialRecord(stepStatus, z.number()),
  failure: z.string().nullable(),
  existed: z.boolean().optional(),
};
export const runSummarySchema = z.object(summary).openapi('RunSummary');

export const stepRecordSchema = z
  .object({
    step: z.string(),
    kind: z.string(),
    task: z.string().nullable(),
    status: stepStatus,
    waitingFor: z.string().nullable(),
    queuedAt: z.number().nullable(),
    startedAt: z.number().nullable(),
    endedAt: z.number().nullable(),
    attempts: z.number(),
    failure: failure.nullable(),
    version: z.string().nullable(),
    worker: z.string().nullable(),
    runMs: z.number().nullable(),
    waitMs: z.number(),
    output: jsonSchema,
    meta: jsonObjectSchema.nullable(),
    observed: z.boolean().optional(),
    progress: z.object({ done: z.number(), total: z.number().nullable(), note: z.string().nullable() }).optional(),
  })
  .openapi('StepRecord');

export const runDetailSchema = z
  .object({
    ...summary,
    params: jsonSchema,
    output: jsonSchema,
    failures: z.array(z.object({ step: z.string(), class: z.string(), code: z.string(), message: z.string() })),
    steps: z.array(stepRecordSchema),
    next: z.string().nullable(),
  })
  .openapi('RunDetail');

export const runStatusSchema = runStatus;

export const explanationSchema = z
  .object({ step: z.string(), status: stepStatus, because: z.array(z.string()), place: z.string().nullable() })
  .openapi('Explanation');

export const attemptSchema = z
  .object({
    step: z.string(),
    retry: z.number().int(),
    attempt: z.number().int(),
    worker: z.string().nullable(),
    startedAt: z.number().nullable(),
    endedAt: z.number().nullable(),
    failure: failure.nullable(),
    observed: z.boolean(),
  })
  .openapi('Attempt');

export const logLineSchema = z
  .object({
    at: z.number(),
    step: z.string().max(2_000),
    retry: z.number().int().min(0).optional(),
    attempt: z.number().int(),
    level: z.string().max(20),
    text: z.string(),
    fields: jsonObjectSchema.optional(),
  })
  .openapi('LogLine');

export const openGateSchema = z
  .object({
    runId: z.string(),
    pipeline: z.string(),
    partition: z.string().nullable(),
    step: z.string(),
    ask: z.string(),
    show: jsonSchema,
    from: z.array(z.string()),
    since: z.number(),
    deadline: z.number(),
  })
  .openapi('OpenGate');

export const cancelSchema = z.strictObject({ reason: z.string().max(1_000).optional(), force: z.boolean().optional() }).openapi('Cancel');
export const pauseSchema = z.strictObject({}).openapi('Pause');
export const resumeSchema = z.strictObject({ repin: hash.optional() }).openapi('Resume');
export const retrySchema = z.strictObject({ planHash: hash.optional() }).openapi('Retry');
export const answerSchema = z
  .strictObject({ step: z.string().min(1).max(2_000), approved: z.boolean(), note: z.string().max(10_000).nullish() })
  .openapi('Answer');
export const eventSchema = z.strictObject({ event: name, payload: jsonSchema }).openapi('Event');
