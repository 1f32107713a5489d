/** Arrow batches -> the column batches that authors get: numbers in typed arrays, the rest in arrays. Workers. */
import { isAscii } from 'node:buffer';
import { DataType, type Data, type RecordBatch, type Vector } from 'apache-arrow';
import type { ColumnBatch } from '../../dsl/authoring/context.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';
import { isoOf } from './instant.ts';

export type AnyBatch = ColumnBatch<Record<string, unknown>>;
type Column = ArrayLike<unknown>;

/** The schema has been checked. Throws HDL-FILE-SCHEMA for a null that may not be, HDL-BAD-ROW for an integer beyond 2^53. */
export function fromRecordBatch(types: readonly ColumnType[], batch: RecordBatch, file: string): AnyBatch {
  return batchOf(batch.numRows, Object.fromEntries(types.map((type) => [type.name, columnOf(type, batch.getChild(type.name) as Vector, file)])));
}

/** A field that has no value is left out of its row. */
export const batchOf = (numRows: number, columns: Readonly<Record<string, Column>>): AnyBatch => ({
  numRows,
  columns,
  *rows() {
    const entries = Object.entries(columns);
    for (let i = 0; i < numRows; i++) {
      const row: Record<string, unknown> = {};
      for (const [name, column] of entries) if (column[i] !== undefined) row[name] = column[i];
      yield row;
    }
  },
});

function columnOf(type: ColumnType, vector: Vector, file: string): Column {
  if (vector.nullCount > 0 && !type.nullable) {
    throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name} has ${vector.nullCount} nulls, and its schema allows none.`, where: file });
  }
  const plain = DataType.isDictionary(vector.type) ? null : (vector.data[0] ?? null);
  // An IPC stream gives one run of data from its beginning. Anything else is read value by value, which is slow and right.
  const column = plain && vector.data.length === 1 && plain.offset === 0 ? fast(type, plain, file) : null;
  const values = column ?? slow(type, vector, file);
  return vector.nullCount === 0 ? values : Array.from({ length: vector.length }, (_, i) => (vector.isValid(i) ? values[i] : type.absent));
}

function fast(type: ColumnType, data: Data, file: string): Column | null {
  const raw = data.values as ArrayLike<number | bigint>;
  switch (type.kind) {
    case 'int':
    case 'int32':
    case 'double':
      return numbers(type, data, file);
    case 'timestamp': {
      const toUs = usOf(data.type);
      return Array.from({ length: data.length }, (_, i) => (isSet(data, i) ? isoOf(toUs(raw[i] as bigint)) : null));
    }
    case 'string':
      return texts(data);
    case 'json':
      return texts(data).map((text, i) => (isSet(data, i) ? (JSON.parse(text) as unknown) : null));
    case 'doubles': {
      const child = data.children[0] as Data; // a list has one
      if (!DataType.isList(data.type) || child.offset !== 0 || child.nullCount > 0) return null;
      const flat = numbers({ ...type, kind: 'double' }, child, file);
      return Array.from({ length: data.length }, (_, i) => Array.prototype.slice.call(flat, data.valueOffsets[i], data.valueOffsets[i + 1]));
    }
    case 'boolean':
      return null;
  }
}

/** The value at a null is whatever lies there: the caller puts null in its place. */
function numbers(type: ColumnType, data: Data, file: string): ArrayLike<number> {
  const raw = data.values as ArrayLike<number | bigint>;
  if (raw instanceof Int32Array && type.kind === 'int32') return raw.length === data.length ? raw : raw.subarray(0, data.length);
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) return wide(type, data, raw, file);
  return Float64Array.from({ length: data.length }, (_, i) => Number(raw[i]));
}

/** 64 bits by their halves: three times as fast as through BigInt. */
function wide(type: ColumnType, data: Data, raw: BigInt64Array | BigUint64Array, file: string): Float64Array {
  const halves = new Uint32Array(raw.buffer, raw.byteOffset, raw.length * 2);
  const signed = raw instanceof BigInt64Array;
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const high = halves[2 * i + 1] as number;
    const value = (signed ? high | 0 : high) * 2 ** 32 + (halves[2 * i] as number);
    if (!Number.isSafeInteger(value) && type.kind !== 'double' && isSet(data, i)) throw beyond(type, raw[i] as bigint, file);
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

function slow(type: ColumnType, vector: Vector, file: string): Column {
  const one = (value: unknown): unknown => {
    switch (type.kind) {
      case 'int':
      case 'int32': {
        if (!Number.isSafeInteger(Number(value))) throw beyond(type, value as bigint, file);
        return Number(value);
      }
      case 'double':
        return Number(value);
      case 'json':
        return JSON.parse(String(value)) as unknown;
      case 'timestamp':
        return new Date(Number(value)).toISOString();
      case 'doubles':
        return Array.from(value as Iterable<number | bigint | null>, (number) => {
          if (number === null) throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name} has a null inside of a list.`, where: file });
          return Number(number);
        });
      case 'boolean':
      case 'string':
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
  return unit === 3 ? (raw) => raw / 1000n : (raw) => raw;
}
const beyond = (type: ColumnType, value: bigint, file: string): HeddleError =>
  new HeddleError('HDL-BAD-ROW', { what: `Column ${type.name} holds ${value}, which a number cannot hold exactly.`, where: file, fix: 'Store it as a text.' });
