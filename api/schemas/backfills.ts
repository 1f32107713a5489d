/** Shapes of the API's backfills. */
import { z } from '@hono/zod-openapi';
import { jsonSchema } from './json.ts';

const name = z.string().min(1).max(200);
const key = z.string().min(1).max(300);
const localTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day, for instance 20:00');

export const planBackfillSchema = z
  .strictObject({
    /** One of the two. */
    pipeline: name.optional(),
    dataset: name.optional(),
    /** Pipeline -> plan hash; default: those that are deployed. */
    plans: z.record(name, z.string().min(1).max(100)).optional(),
    params: jsonSchema.optional(),
    from: key.optional(),
    to: key.optional(),
    keys: z.array(key).min(1).max(100_000).optional(),
    where: z.record(name, z.array(key).min(1)).optional(),
    only: z
      .array(z.enum(['failed', 'missing', 'stale']))
      .min(1)
      .optional(),
    force: z.boolean().optional(),
    codeDrift: z.boolean().optional(),
    withUpstream: z.boolean().optional(),
    overlap: z.enum(['share', 'refuse']).optional(),
    concurrency: z.int().min(1).max(1_000).optional(),
    order: z.enum(['newest', 'oldest']).optional(),
    rate: z.strictObject({ cells: z.int().positive(), perMs: z.int().positive() }).optional(),
    window: z.strictObject({ from: localTime, to: localTime, timezone: z.string().min(1) }).optional(),
    budget: z.strictObject({ runs: z.int().positive().optional(), wallMs: z.int().positive().optional(), slotMs: z.int().positive().optional() }).optional(),
    breaker: z.strictObject({ inARow: z.int().positive().nullable().optional(), share: z.number().gt(0).max(1).nullable().optional() }).optional(),
  })
  .refine(({ pipeline, dataset }) => (pipeline === undefined) !== (dataset === undefined), { message: 'give a pipeline or a dataset', path: ['pipeline'] })
  .openapi('PlanBackfill');
export type PlanBackfillBody = z.output<typeof planBackfillSchema>;

export const backfillSchema = z
  .object({
    id: z.string(),
    project: z.string(),
    pipeline: z.string(),
    state: z.enum(['planned', 'running', 'paused', 'cancelling', 'cancelled', 'done', 'expired']),
    spec: jsonSchema,
    summary: jsonSchema,
    /** Cells to run. */
    cells: z.number(),
    createdAt: z.number(),
    createdBy: z.string(),
    expiresAt: z.number(),
    startedAt: z.number().nullable(),
    endedAt: z.number().nullable(),
    redoOf: z.string().nullable(),
    why: z.string().nullable(),
    report: jsonSchema.nullable(),
    /** Cells that have ended. */
    counts: z.object({ done: z.number(), failed: z.number(), cancelled: z.number(), blocked: z.number() }),
    slotMs: z.number(),
  })
  .openapi('Backfill');
