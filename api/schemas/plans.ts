/** Shape of a plan's envelope: enough to store it safely; its whole schema is docs/plan.schema.json. */
import { z } from '@hono/zod-openapi';
import { jsonObjectSchema } from './json.ts';

export const postPlanSchema = z.strictObject({ plan: jsonObjectSchema, hash: z.string().min(1).max(200) }).openapi('PostPlan');
export const planAnswerSchema = z.object({ hash: z.string() });
