/** Whether a file's columns can be read as those of its dataset. Before anything is decoded. Workers. */
import { DataType, type Schema } from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';

/** Throws HDL-FILE-SCHEMA, which names column, expected and found. More columns than those asked for are no mistake. */
export function checkFileSchema(types: readonly ColumnType[], schema: Schema, file: string): void {
  for (const type of types) {
    const field = schema.fields.find((one) => one.name === type.name);
    if (!field) {
      throw new HeddleError('HDL-FILE-SCHEMA', {
        what: `Column ${type.name}: expected ${kindText(type)}, and the file has no such column.`,
        where: file,
        fix: `The file has ${schema.fields.map((one) => one.name).join(', ')}.`,
      });
    }
    if (!fits(type, field.type))
      throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name}: expected ${kindText(type)}, found ${String(field.type)}.`, where: file });
  }
}

export const kindText = ({ kind, precision, scale, size }: ColumnType): string =>
  kind === 'decimal' ? `decimal(${precision}, ${scale})` : kind === 'vector' ? `a vector of ${size}` : kind;

function fits(column: Omit<ColumnType, 'name' | 'nullable'>, type: DataType): boolean {
  if (DataType.isDictionary(type)) return fits(column, type.dictionary as DataType);
  const isList = DataType.isList(type) || DataType.isFixedSizeList(type);
  const itemFits = (kind: ColumnType['kind']): boolean => isList && fits({ kind }, (type.children[0] as { readonly type: DataType }).type); // a list has one
  switch (column.kind) {
    case 'int':
    case 'int32':
    case 'int64':
      return DataType.isInt(type);
    case 'double':
    case 'float':
      return DataType.isFloat(type) || DataType.isInt(type);
    case 'boolean':
      return DataType.isBool(type);
    case 'timestamp':
      return DataType.isTimestamp(type);
    case 'decimal':
      return DataType.isDecimal(type) && type.scale === column.scale && type.precision <= (column.precision ?? 38);
    case 'string':
    case 'category':
    case 'json':
      return DataType.isUtf8(type) || DataType.isLargeUtf8(type);
    case 'doubles':
      return itemFits('double');
    case 'texts':
      return itemFits('string');
    case 'vector':
      return itemFits('double') && (!DataType.isFixedSizeList(type) || type.listSize === column.size);
  }
}
