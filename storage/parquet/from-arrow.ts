/**
 * Arrow batches -> the column batches that authors get: numbers in typed arrays, the rest in arrays. A column is made when it
 * is first asked for, so one that nobody looks at costs nothing. Workers.
 */
import { isAscii } from 'node:buffer';
import { DataType, type Data, type RecordBatch, type Vector } from 'apache-arrow';
import type { ColumnBatch } from '../../dsl/authoring/context.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';
import { decimalText } from './decimal.ts';
import { isoWriter } from './instant.ts';

export type AnyBatch = ColumnBatch<Record<string, unknown>>;
type Column = ArrayLike<unknown>;

/**
 * The schema has been checked. Throws HDL-FILE-SCHEMA for a null that may not be; a column, when it is asked for, HDL-BAD-ROW
 * for an integer beyond 2^53.
 */
export function fromRecordBatch(types: readonly ColumnType[], batch: RecordBatch, file: string): AnyBatch {
  const vectors = types.map((type) => ({ type, vector: batch.getChild(type.name) as Vector })); // the schema has it
  for (const { type, vector } of vectors) {
    if (vector.nullCount > 0 && !type.nullable)
      throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name} has ${vector.nullCount} nulls, and its schema allows none.`, where: file });
  }
  const columns = lazily(vectors.map(({ type, vector }) => [type.name, () => columnOf(type, vector, file)]));
  return { ...batchOf(batch.numRows, columns), arrow: batch };
}

/** These rows of it (null: all), and these columns. */
export const rowsOfBatch = (batch: AnyBatch, rows: Int32Array | null, types: readonly ColumnType[]): AnyBatch => {
  const pick = (column: Column): Column => {
    if (!rows) return column;
    if (Array.isArray(column)) return Array.from(rows, (row) => column[row] as unknown);
    const from = column as Float64Array; // what is no array is typed
    const out = new (from.constructor as Float64ArrayConstructor)(rows.length);
    for (let i = 0; i < rows.length; i++) out[i] = from[rows[i] as number] as number;
    return out;
  };
  return batchOf(
    rows?.length ?? batch.numRows,
    lazily(types.map(({ name }) => [name, () => pick(batch.columns[name] as Column)])), // it has all
  );
};

/** A field that has no value is left out of its row. */
const batchOf = (numRows: number, columns: Readonly<Record<string, Column>>): AnyBatch => ({
  numRows,
  columns,
  *rows() {
    const entries = Object.entries(columns).map(([name, column]) => [name, plainly(column)] as const);
    for (let i = 0; i < numRows; i++) {
      const row: Record<string, unknown> = {};
      for (const [name, column] of entries) if (column[i] !== undefined) row[name] = column[i];
      yield row;
    }
  },
});
/** Vectors come as typed arrays in columns, and as lists in rows. */
const plainly = (column: Column): Column =>
  Array.isArray(column) && column.some((value) => ArrayBuffer.isView(value))
    ? column.map((value) => (ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : (value as unknown)))
    : column;

function lazily(makers: readonly (readonly [name: string, make: () => Column])[]): Readonly<Record<string, Column>> {
  const columns: Record<string, Column> = {};
  for (const [name, make] of makers) {
    let made: Column | undefined;
    Object.defineProperty(columns, name, { enumerable: true, get: () => (made ??= make()) });
  }
  return columns;
}

function columnOf(type: ColumnType, vector: Vector, file: string): Column {
  const data = vector.data[0];
  // A decoded batch is one run of data from its beginning. Anything else is read value by value, which is slow and right.
  const column = data && vector.data.length === 1 && data.offset === 0 ? fast(type, data, file) : null;
  const values = column ?? slow(type, vector, file);
  return vector.nullCount === 0 ? values : Array.from({ length: vector.length }, (_, i) => (vector.isValid(i) ? values[i] : type.absent));
}

function fast(type: ColumnType, data: Data, file: string): Column | null {
  const { kind } = type;
  if (DataType.isDictionary(data.type)) return kind === 'string' || kind === 'category' ? coded(data) : null;
  const raw = data.values as ArrayLike<number | bigint>;
  switch (kind) {
    case 'int':
    case 'int32':
    case 'double':
    case 'float':
      return numbers(type, data, file);
    case 'int64':
      if (raw instanceof BigInt64Array) return raw.subarray(0, data.length);
      return raw instanceof BigUint64Array ? null : BigInt64Array.from({ length: data.length }, (_, i) => BigInt(raw[i] as number));
    case 'timestamp': {
      const toUs = usOf(data.type);
      const write = isoWriter();
      return Array.from({ length: data.length }, (_, i) => (isSet(data, i) ? write(toUs(raw[i] as bigint)) : null));
    }
    case 'decimal': {
      const scale = (data.type as { readonly scale?: number }).scale ?? 0; // checked to be a decimal
      const words = data.values as Uint32Array;
      return Array.from({ length: data.length }, (_, i) => (isSet(data, i) ? decimalText(words, i, scale) : null));
    }
    case 'string':
    case 'category':
      return texts(data);
    case 'json':
      return texts(data).map((text, i) => (isSet(data, i) ? (JSON.parse(text) as unknown) : null));
    case 'doubles':
    case 'texts': {
      const child = data.children[0] as Data; // a list has one
      if (!DataType.isList(data.type) || child.offset !== 0 || child.nullCount > 0) return null;
      const flat = kind === 'texts' ? fast({ ...type, kind: 'string' }, child, file) : numbers({ ...type, kind: 'double' }, child, file);
      return flat && Array.from({ length: data.length }, (_, i) => Array.prototype.slice.call(flat, data.valueOffsets[i], data.valueOffsets[i + 1]));
    }
    case 'vector': {
      const child = data.children[0] as Data; // a list has one
      if (!DataType.isFixedSizeList(data.type) || child.nullCount > 0 || !ArrayBuffer.isView(child.values)) return null;
      const { listSize } = data.type;
      return Array.from({ length: data.length }, (_, i) => (child.values as Float32Array).subarray(i * listSize, (i + 1) * listSize));
    }
    case 'boolean':
      return null;
  }
}

/** The value at a null is whatever lies there: the caller puts null in its place. */
function numbers(type: ColumnType, data: Data, file: string): ArrayLike<number> {
  const raw = data.values as ArrayLike<number | bigint>;
  const whole = <A extends Int32Array | Float32Array | Float64Array>(array: A): A =>
    array.length === data.length ? array : (array.subarray(0, data.length) as A);
  if (type.kind === 'int32' && raw instanceof Int32Array) return whole(raw);
  if (type.kind === 'float' && raw instanceof Float32Array) return whole(raw);
  if (type.kind === 'double' && raw instanceof Float64Array) return whole(raw);
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) return wide(type, data, raw, file);
  return Float64Array.from({ length: data.length }, (_, i) => Number(raw[i]));
}

/** 64 bits by their halves: three times as fast as through BigInt. */
function wide(type: ColumnType, data: Data, raw: BigInt64Array | BigUint64Array, file: string): Float64Array {
  const halves = new Uint32Array(raw.buffer, raw.byteOffset, raw.length * 2);
  const signed = raw instanceof BigInt64Array;
  const exact = type.kind !== 'double' && type.kind !== 'float';
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const high = halves[2 * i + 1] as number;
    const value = (signed ? high | 0 : high) * 2 ** 32 + (halves[2 * i] as number);
    if (exact && !Number.isSafeInteger(value) && isSet(data, i)) throw beyond(type, raw[i] as bigint, file);
    out[i] = value;
  }
  return out;
}

function texts(data: Data): string[] {
  const bytes = data.values as Uint8Array;
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  const start = Number(offsets[0]);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Number(offsets[data.length]));
  // one text cut into pieces is much faster than one decoding a value
  const all = isAscii(buffer) ? buffer.toString('latin1', start) : null;
  return Array.from({ length: data.length }, (_, i) => {
    const [from, to] = [Number(offsets[i]), Number(offsets[i + 1])];
    return all === null ? buffer.toString('utf8', from, to) : all.slice(from - start, to - start);
  });
}

/** Each text of the dictionary is decoded once. */
function coded(data: Data): Column | null {
  const dictionary = data.dictionary?.data[0];
  if (!dictionary || data.dictionary?.data.length !== 1 || dictionary.offset !== 0 || !DataType.isUtf8(dictionary.type)) return null;
  const values = texts(dictionary);
  const codes = data.values as Int32Array;
  return Array.from({ length: data.length }, (_, i) => values[codes[i] as number]);
}

function slow(type: ColumnType, vector: Vector, file: string): Column {
  const one = (value: unknown): unknown => {
    switch (type.kind) {
      case 'int':
      case 'int32': {
        if (!Number.isSafeInteger(Number(value))) throw beyond(type, value as bigint, file);
        return Number(value);
      }
      case 'int64': {
        const wide = BigInt(value as bigint | number); // an integer, by its schema
        if (BigInt.asIntN(64, wide) !== wide) throw beyond(type, wide, file);
        return wide;
      }
      case 'double':
      case 'float':
        return Number(value);
      case 'json':
        return JSON.parse(String(value)) as unknown;
      case 'timestamp':
        return new Date(Number(value)).toISOString();
      case 'decimal':
        return decimalText(value as Uint32Array, 0, type.scale ?? 0); // four words
      case 'doubles':
      case 'vector':
      case 'texts':
        return Array.from(value as Iterable<unknown>, (item) => {
          if (item === null) throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name} has a null inside of a list.`, where: file });
          return type.kind === 'texts' ? item : Number(item);
        });
      case 'boolean':
      case 'string':
      case 'category':
        return value;
    }
  };
  return Array.from({ length: vector.length }, (_, i) => {
    const value: unknown = vector.get(i);
    return value === null || value === undefined ? null : one(value);
  });
}

const isSet = (data: Data, i: number): boolean => data.nullCount === 0 || data.getValid(i);
function usOf(type: DataType): (raw: bigint) => bigint {
  const unit = (type as { readonly unit?: number }).unit; // 0 s, 1 ms, 2 us, 3 ns
  if (unit === 0) return (raw) => raw * 1_000_000n;
  if (unit === 1) return (raw) => raw * 1000n;
  return unit === 3 ? (raw) => (raw - (((raw % 1000n) + 1000n) % 1000n)) / 1000n : (raw) => raw; // downwards, before 1970 too
}
const beyond = (type: ColumnType, value: bigint, file: string): HeddleError =>
  new HeddleError('HDL-BAD-ROW', {
    what: `Column ${type.name} holds ${value}, which a ${type.kind === 'int64' ? 'signed integer of 64 bits' : 'number'} cannot hold exactly.`,
    where: file,
    fix: type.kind === 'int64' ? 'Store it as a text.' : 'Make the column z.bigint(), or store it as a text.',
  });
