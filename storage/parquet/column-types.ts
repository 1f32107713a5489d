/** A dataset's row schema (JSON Schema of one row) as columns. Workers. column-arrow.ts has their Arrow types. */
import type { JsonObject, JsonSchema } from '../../dsl/plan/types.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

/**
 * integer -> int (int64 that a number holds), or int32 where its bounds allow; bigint -> int64, every bit of it; number ->
 * double, or float where its bounds are those of 32 bits; date-time -> timestamp (us, UTC; texts in rows); enum -> category (a
 * dictionary); a text with { decimal: [precision, scale] } -> decimal; a list of numbers -> doubles, of a fixed length ->
 * vector; a list of texts -> texts; anything else -> json, its JSON text.
 */
export type ColumnKind =
  | 'int'
  | 'int32'
  | 'int64'
  | 'double'
  | 'float'
  | 'boolean'
  | 'string'
  | 'category'
  | 'timestamp'
  | 'decimal'
  | 'doubles'
  | 'vector'
  | 'texts'
  | 'json';
export interface ColumnType {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Null or a missing field is allowed. */
  readonly nullable: boolean;
  /** What a row gets where the file has no value: undefined for a field that may be missing and may not be null. */
  readonly absent?: undefined | null;
  /** NaN and the infinities are values of a double or float. */
  readonly nan?: boolean;
  /** Of a decimal: digits in all, and after the point. */
  readonly precision?: number;
  readonly scale?: number;
  /** Of a vector: numbers in it, and whether they have 32 bits. */
  readonly size?: number;
  readonly single?: boolean;
}
type Shape = Omit<ColumnType, 'name' | 'nullable' | 'absent'>;

/** Throws HDL-BAD-ROW-SCHEMA for a schema that is no object with properties. */
export function columnTypes(schema: JsonSchema, dataset: string): readonly ColumnType[] {
  const properties = schema['properties'];
  if (schema['type'] !== 'object' || typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw new HeddleError('HDL-BAD-ROW-SCHEMA', { what: `The rows of ${dataset} are no objects with fields.` });
  }
  if (Object.keys(properties).length === 0) throw new HeddleError('HDL-BAD-ROW-SCHEMA', { what: `The rows of ${dataset} have no fields.` });
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : []);
  return Object.entries(properties as JsonObject).map(([name, field]) => {
    const { schema: inner, nullable } = withoutNull(field as JsonObject);
    return { name, ...shapeOf(inner), nullable: nullable || !required.has(name), absent: nullable ? null : undefined };
  });
}

/** { anyOf: [X, null] } and { type: [X, 'null'] } are a nullable X; what lies beside anyOf belongs to X. */
function withoutNull(field: JsonObject): { schema: JsonObject; nullable: boolean } {
  const { type, anyOf, ...beside } = field;
  if (Array.isArray(type)) {
    const rest = type.filter((one) => one !== 'null');
    return { schema: rest.length === 1 ? { ...field, type: rest[0] as string } : {}, nullable: rest.length < type.length };
  }
  if (!Array.isArray(anyOf)) return { schema: field, nullable: type === 'null' };
  const rest = (anyOf as readonly JsonObject[]).filter((option) => option['type'] !== 'null');
  return { schema: rest.length === 1 ? { ...beside, ...(rest[0] as JsonObject) } : {}, nullable: rest.length < anyOf.length };
}

const INT32 = 2 ** 31;
const FLOAT_MAX = 3.4028234663852886e38;
const isSingle = ({ minimum, maximum }: JsonObject): boolean => minimum === -FLOAT_MAX && maximum === FLOAT_MAX;

function shapeOf(schema: JsonObject): Shape {
  switch (schema['type']) {
    case 'integer': {
      const { minimum, maximum } = schema;
      if (schema['format'] === 'int64') return { kind: 'int64' };
      return { kind: typeof minimum === 'number' && typeof maximum === 'number' && minimum >= -INT32 && maximum < INT32 ? 'int32' : 'int' };
    }
    case 'number':
      return { kind: isSingle(schema) ? 'float' : 'double', ...(schema['nan'] === true && { nan: true }) };
    case 'boolean':
      return { kind: 'boolean' };
    case 'string': {
      const decimal = schema['decimal'];
      if (Array.isArray(decimal)) return { kind: 'decimal', precision: Number(decimal[0]), scale: Number(decimal[1]) };
      if (Array.isArray(schema['enum'])) return { kind: 'category' };
      return { kind: schema['format'] === 'date-time' ? 'timestamp' : 'string' };
    }
    case 'array':
      return listShape(schema);
    default:
      return { kind: 'json' };
  }
}

function listShape({ items, minItems, maxItems }: JsonObject): Shape {
  const item = (items ?? {}) as JsonObject;
  if (item['type'] === 'string' && item['decimal'] === undefined) return { kind: 'texts' };
  if (item['type'] !== 'number' && (item['type'] !== 'integer' || item['format'] === 'int64')) return { kind: 'json' };
  return typeof minItems === 'number' && minItems === maxItems && minItems > 0
    ? { kind: 'vector', size: minItems, ...(isSingle(item) && { single: true }) }
    : { kind: 'doubles' };
}
