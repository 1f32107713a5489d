/** What in a task's schemas cannot cross a step boundary: anything that JSON Schema does not express, and optional fields. */
import type { z } from 'zod';
import { jsonSchemaOf } from './json-schema.ts';
import type { Problem } from './problem.ts';
import type { Json, JsonSchema } from './types.ts';

export function schemaProblems(task: string, input: z.ZodType, output: z.ZodType, place: string | null): Problem[] {
  const problems: Problem[] = [];
  for (const [side, schema] of [
    ['input', input],
    ['output', output],
  ] as const) {
    const { schema: json, problem } = jsonSchemaOf(schema, side);
    if (problem !== null) {
      problems.push({ code: 'HDL-NOT-JSON-SCHEMA', what: `The ${side} of task ${task} cannot be written as JSON Schema: ${problem}.`, where: place });
      continue;
    }
    for (const { path, what } of partProblems(json, side, side === 'output')) {
      problems.push({ code: 'HDL-NOT-JSON-SCHEMA', what: `${path} of task ${task} ${what}`, where: place });
    }
  }
  return problems;
}

const RESERVED = ['then', 'toJSON', 'orElse', 'nth', 'otherwise'];
type Node = { readonly [key: string]: Json };
const isNode = (value: Json | undefined): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Walks a JSON Schema. `strict`: an output, whose fields must all be there. */
export function* partProblems(schema: JsonSchema, path: string, strict: boolean): Generator<{ path: string; what: string }> {
  const fields = schema['properties'];
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : [];
  if (isNode(fields)) {
    for (const [name, field] of Object.entries(fields)) {
      const at = `${path}.${name}`;
      if (strict && RESERVED.includes(name)) yield { path: at, what: 'has a reserved name: rename the field.' };
      if (strict && !required.includes(name)) yield { path: at, what: 'may be undefined, which JSON drops: use .nullable().' };
      if (isNode(field)) yield* partProblems(field, at, strict);
    }
  }
  const note = isNode(schema['contentSchema']) ? schema['contentSchema']['$comment'] : undefined;
  if (typeof note === 'string') yield { path, what: `lists items that cannot be written as JSON Schema: ${note}.` };
  for (const key of ['items', 'additionalProperties'] as const) {
    const part = schema[key];
    if (isNode(part)) yield* partProblems(part, `${path}[]`, strict);
  }
  for (const key of ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const) {
    const parts = schema[key];
    if (Array.isArray(parts)) for (const part of parts as readonly Json[]) if (isNode(part)) yield* partProblems(part, path, strict);
  }
}
