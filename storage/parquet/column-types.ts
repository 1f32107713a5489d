/** A dataset's row schema (JSON Schema of one row) as columns: Arrow and Parquet types both ways. Workers. */
import { Bool, Field, Float64, Int64, List, Schema, TimestampMicrosecond, Utf8, type DataType } from 'apache-arrow';
import type { JsonObject, JsonSchema } from '../../dsl/plan/types.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

/** 'json': anything else, as JSON text. */
export type ColumnKind = 'int' | 'double' | 'boolean' | 'string' | 'timestamp' | 'doubles' | 'json';
export interface ColumnType {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
}

/** Throws HDL-BAD-ROW-SCHEMA for a schema that is no object with properties. */
export function columnTypes(schema: JsonSchema, dataset: string): readonly ColumnType[] {
  const properties = schema['properties'];
  if (schema['type'] !== 'object' || typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw new HeddleError('HDL-BAD-ROW-SCHEMA', { what: `The rows of ${dataset} are no objects with fields.` });
  }
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : []);
  return Object.entries(properties as JsonObject).map(([name, field]) => {
    const { schema: inner, nullable } = withoutNull(field as JsonObject);
    return { name, kind: kindOf(inner), nullable: nullable || !required.has(name) };
  });
}

function withoutNull(field: JsonObject): { schema: JsonObject; nullable: boolean } {
  const options = field['anyOf'];
  if (!Array.isArray(options)) return { schema: field, nullable: false };
  const rest = (options as readonly JsonObject[]).filter((option) => option['type'] !== 'null');
  return { schema: rest.length === 1 ? (rest[0] as JsonObject) : {}, nullable: rest.length < options.length };
}

function kindOf(schema: JsonObject): ColumnKind {
  switch (schema['type']) {
    case 'integer':
      return 'int';
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
