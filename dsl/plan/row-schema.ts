/**
 * The JSON Schema of a dataset's row. Rows never cross steps as JSON, so they may hold what JSON has no word for: z.bigint()
 * becomes { type: 'integer', format: 'int64' }, z.number().or(z.nan()) becomes { type: 'number', nan: true }. Pure.
 */
import { z } from 'zod';
import { jsonSchemaOf, type Expressed } from './json-schema.ts';

const known = new WeakMap<z.ZodType, Expressed>();

export function rowSchemaOf(schema: z.ZodType): Expressed {
  const before = known.get(schema);
  if (before) return before;
  const made = jsonSchemaOf(schema instanceof z.ZodObject ? withColumns(schema) : schema, 'output');
  known.set(schema, made);
  return made;
}

function withColumns(row: z.ZodObject): z.ZodObject {
  const replaced = Object.entries(row.shape as Readonly<Record<string, z.ZodType>>).flatMap(([name, field]) => {
    const column = columnOf(field);
    return column ? [[name, column] as const] : [];
  });
  return replaced.length === 0 ? row : row.extend(Object.fromEntries(replaced));
}

/** null: as it is. */
function columnOf(field: z.ZodType): z.ZodType | null {
  if (field instanceof z.ZodBigInt) return z.int().meta({ format: 'int64', minimum: undefined, maximum: undefined });
  if (field instanceof z.ZodUnion) {
    const options = field.options as readonly z.ZodType[];
    const rest = options.filter((option) => !(option instanceof z.ZodNaN));
    const [only] = rest;
    if (rest.length === options.length || !(only instanceof z.ZodNumber)) return null;
    const number = only.meta({ nan: true });
    return rest.length === 1 ? number : rest.length === 2 && rest[1] instanceof z.ZodNull ? number.nullable() : null;
  }
  if (field instanceof z.ZodNullable || field instanceof z.ZodOptional) {
    const inner = columnOf(field.unwrap() as z.ZodType);
    return inner && (field instanceof z.ZodNullable ? inner.nullable() : inner.optional());
  }
  return null;
}
