/** JSON Schemas of authors' zod schemas, and what in them JSON cannot carry. Plan building only. */
import { z } from 'zod';
import type { JsonSchema } from './types.ts';

/** What a schema becomes, and the sentence that says why it cannot. */
export interface Expressed {
  readonly schema: JsonSchema;
  readonly problem: string | null;
}
const known = { input: new WeakMap<z.ZodType, Expressed>(), output: new WeakMap<z.ZodType, Expressed>() };

/** 'input': what a producer may leave out is optional; 'output': after parsing, defaults filled in. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Expressed {
  const before = known[io].get(schema);
  if (before) return before;
  let made: Expressed;
  try {
    // $schema is left out: each contract is 2020-12, and a plan holds many
    const { $schema: _, '~standard': __, ...rest } = z.toJSONSchema(schema, { io }) as Record<string, unknown>;
    // through text: drops functions and undefined that zod leaves on it
    made = { schema: JSON.parse(JSON.stringify(rest)) as JsonSchema, problem: null };
  } catch (error) {
    made = { schema: {}, problem: error instanceof Error ? error.message : String(error) };
  }
  known[io].set(schema, made);
  return made;
}
