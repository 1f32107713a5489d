/** Whether a file's columns can be read as those of its dataset. Before anything is decoded. Workers. */
import { DataType, type Schema } from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnKind, ColumnType } from './column-types.ts';

/** Throws HDL-FILE-SCHEMA, which names column, expected and found. More columns than those asked for are no mistake. */
export function checkFileSchema(types: readonly ColumnType[], schema: Schema, file: string): void {
  for (const { name, kind } of types) {
    const field = schema.fields.find((one) => one.name === name);
    if (!field) {
      throw new HeddleError('HDL-FILE-SCHEMA', {
        what: `Column ${name}: expected ${kind}, and the file has no such column.`,
        where: file,
        fix: `The file has ${schema.fields.map((one) => one.name).join(', ')}.`,
      });
    }
    if (!fits(kind, field.type))
      throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${name}: expected ${kind}, found ${String(field.type)}.`, where: file });
  }
}

function fits(kind: ColumnKind, type: DataType): boolean {
  if (DataType.isDictionary(type)) return fits(kind, type.dictionary as DataType);
  switch (kind) {
    case 'int':
    case 'int32':
      return DataType.isInt(type);
    case 'double':
      return DataType.isFloat(type) || DataType.isInt(type);
    case 'boolean':
      return DataType.isBool(type);
    case 'timestamp':
      return DataType.isTimestamp(type);
    case 'string':
    case 'json':
      return DataType.isUtf8(type) || DataType.isLargeUtf8(type);
    case 'doubles':
      return (DataType.isList(type) || DataType.isFixedSizeList(type)) && fits('double', (type.children[0] as { readonly type: DataType }).type);
  }
}
