/** Column types as Arrow types and back: what a dataset's files are made of, and what a foreign file's columns are. Workers. */
import {
  Bool,
  DataType,
  Decimal,
  Dictionary,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Precision,
  Schema,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import type { ColumnType } from './column-types.ts';

export const arrowSchema = (columns: readonly ColumnType[]): Schema => new Schema(columns.map((type) => new Field(type.name, arrowType(type), type.nullable)));

export function arrowType(type: Omit<ColumnType, 'nullable'>): DataType {
  switch (type.kind) {
    case 'int':
    case 'int64':
      return new Int64();
    case 'int32':
      return new Int32();
    case 'double':
      return new Float64();
    case 'float':
      return new Float32();
    case 'boolean':
      return new Bool();
    case 'timestamp':
      return new TimestampMicrosecond('UTC');
    case 'decimal':
      return new Decimal(type.scale ?? 0, type.precision ?? 38, 128);
    case 'doubles':
      return new List(new Field('item', new Float64(), false));
    case 'texts':
      return new List(new Field('item', new Utf8(), false));
    case 'vector':
      return new FixedSizeList(type.size ?? 1, new Field<DataType>('item', type.single ? new Float32() : new Float64(), false));
    case 'category':
      return new Dictionary(new Utf8(), new Int32(), dictionaryId(type));
    case 'string':
    case 'json':
      return new Utf8();
  }
}
/** Arrow tells the dictionaries of a stream apart by number. */
const ids = new Map<string, number>();
function dictionaryId({ name }: { readonly name: string }): number {
  const known = ids.get(name) ?? ids.size;
  ids.set(name, known);
  return known;
}

/** The columns of a file as those of a dataset would be; null for an Arrow type that no column has. */
export function columnTypeOf({ name, type, nullable }: Field): ColumnType | null {
  const of = (kind: ColumnType['kind'], more: Partial<ColumnType> = {}): ColumnType => ({ name, kind, nullable, absent: nullable ? null : undefined, ...more });
  if (DataType.isDictionary(type)) return DataType.isUtf8(type.dictionary) ? of('category') : null;
  if (DataType.isInt(type)) return of(type.bitWidth === 64 ? 'int64' : type.bitWidth === 32 && !type.isSigned ? 'int' : 'int32');
  if (DataType.isFloat(type)) return of(type.precision === Precision.SINGLE ? 'float' : 'double', { nan: true });
  if (DataType.isBool(type)) return of('boolean');
  if (DataType.isTimestamp(type)) return of('timestamp');
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return of('string');
  if (DataType.isDecimal(type)) return of('decimal', { precision: type.precision, scale: type.scale });
  if (DataType.isList(type)) {
    const item: DataType = type.valueType;
    if (DataType.isUtf8(item)) return of('texts');
    return DataType.isFloat(item) || DataType.isInt(item) ? of('doubles') : null;
  }
  if (DataType.isFixedSizeList(type)) {
    const item: DataType = type.valueType;
    return DataType.isFloat(item) ? of('vector', { size: type.listSize, ...(item.precision === Precision.SINGLE && { single: true }) }) : null;
  }
  return null;
}
