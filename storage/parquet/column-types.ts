/** A dataset's row schema (JSON Schema of one row) as columns: Arrow and Parquet types both ways. Workers. */
import { Bool, Field, Float64, Int32, Int64, List, Schema, TimestampMicrosecond, Utf8, type DataType } from 'apache-arrow';
import type { JsonObject, JsonSchema } from '../../dsl/plan/types.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

/**
 * integer -> int (int64), or int32 where its bounds allow; number -> double; date-time -> timestamp (us, UTC; texts in rows);
 * a list of numbers -> doubles; anything else -> json, its JSON text.
 */
export type ColumnKind = 'int' | 'int32' | 'double' | 'boolean' | 'string' | 'timestamp' | 'doubles' | 'json';
export interface ColumnType {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Null or a missing field is allowed. */
  readonly nullable: boolean;
  /** What a row gets where the file has no value: undefined for a field that may be missing and may not be null. */
  readonly absent?: undefined | null;
}

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
    return { name, kind: kindOf(inner), nullable: nullable || !required.has(name), absent: nullable ? null : undefined };
  });
}

/** { anyOf: [X, null] } and { type: [X, 'null'] } are a nullable X. */
function withoutNull(field: JsonObject): { schema: JsonObject; nullable: boolean } {
  const { type, anyOf } = field;
  if (Array.isArray(type)) {
    const rest = type.filter((one) => one !== 'null');
    return { schema: rest.length === 1 ? { ...field, type: rest[0] as string } : {}, nullable: rest.length < type.length };
  }
  if (!Array.isArray(anyOf)) return { schema: field, nullable: type === 'null' };
  const rest = (anyOf as readonly JsonObject[]).filter((option) => option['type'] !== 'null');
  return { schema: rest.length === 1 ? (rest[0] as JsonObject) : {}, nullable: rest.length < anyOf.length };
}

const INT32 = 2 ** 31;
function kindOf(schema: JsonObject): ColumnKind {
  switch (schema['type']) {
    case 'integer': {
      const { minimum, maximum } = schema;
      return typeof minimum === 'number' && typeof maximum === 'number' && minimum >= -INT32 && maximum < INT32 ? 'int32' : 'int';
    }
    case 'number':
      return 'double';
    case 'boolean':
      return 'boolean';
    case 'string':
      return schema['format'] === 'date-time' ? 'timestamp' : 'string';
    case 'array': {
      const items = schema['items'] as JsonObject | undefined;
      return items?.['type'] === 'number' || items?.['type'] === 'integer' ? 'doubles' : 'json';
    }
    default:
      return 'json';
  }
}

export const arrowSchema = (columns: readonly ColumnType[]): Schema =>
  new Schema(columns.map(({ name, kind, nullable }) => new Field(name, arrowType(kind), nullable)));

export function arrowType(kind: ColumnKind): DataType {
  switch (kind) {
    case 'int':
      return new Int64();
    case 'int32':
      return new Int32();
    case 'double':
      return new Float64();
    case 'boolean':
      return new Bool();
    case 'timestamp':
      return new TimestampMicrosecond('UTC');
    case 'doubles':
      return new List(new Field('item', new Float64(), false));
    case 'string':
    case 'json':
      return new Utf8();
  }
}
