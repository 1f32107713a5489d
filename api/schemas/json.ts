/** JSON of any shape, as request bodies bring it: the schema only says "anything", the type says that it came through JSON.parse. */
import { z } from '@hono/zod-openapi';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';

const isJson = (value: unknown): value is Json => value !== undefined;

export const jsonSchema = z.custom<Json>(isJson, 'must be given').openapi({ type: 'object', description: 'Any JSON' });

export const jsonObjectSchema = z
  .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'must be an object')
  .openapi({ type: 'object', additionalProperties: true });

export const okSchema = z.object({ ok: z.literal(true) }).openapi('Ok');

/** A list in pages; `next` is the cursor of the next one. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

export const limitSchema = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
