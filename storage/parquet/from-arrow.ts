/** Arrow record batches -> the column batches that authors get: numbers in Float64Array, texts in arrays. Workers. */
import type { RecordBatch, Vector } from 'apache-arrow';
import type { ColumnBatch } from '../../dsl/authoring/context.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';

export type AnyBatch = ColumnBatch<Record<string, unknown>>;

/** Throws HDL-FILE-SCHEMA, which names file, column, expected and found; HDL-BAD-ROW for an integer beyond 2^53. */
export function fromRecordBatch(types: readonly ColumnType[], batch: RecordBatch, file: string): AnyBatch {
  const columns: Record<string, ArrayLike<unknown>> = {};
  for (const type of types) {
    const vector = batch.getChild(type.name);
    if (!vector) throw new HeddleError('HDL-FILE-SCHEMA', { what: `The file has no column ${type.name}; expected ${type.kind}.`, where: file });
    columns[type.name] = columnOf(type, vector, file);
  }
  return batchOf(batch.numRows, columns);
}

export const batchOf = (numRows: number, columns: Readonly<Record<string, ArrayLike<unknown>>>): AnyBatch => ({
  numRows,
  columns,
  *rows() {
    const entries = Object.entries(columns);
    for (let i = 0; i < numRows; i++) {
      const row: Record<string, unknown> = {};
      for (const [name, column] of entries) row[name] = column[i];
      yield row;
    }
  },
});

function columnOf(type: ColumnType, vector: Vector, file: string): ArrayLike<unknown> {
  const found = String(vector.type);
  const wrong = (): never => {
    throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name}: expected ${type.kind}, found ${found}.`, where: file });
  };
  const { length } = vector;
  const hasNulls = vector.nullCount > 0;
  if (hasNulls && !type.nullable)
    throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${type.name} has ${vector.nullCount} nulls, and its schema allows none.`, where: file });
  const map = <T>(convert: (value: unknown) => T): (T | null)[] => {
    const out: (T | null)[] = [];
    for (let i = 0; i < length; i++) {
      const value: unknown = vector.get(i);
      out.push(value === null || value === undefined ? null : convert(value));
    }
    return out;
  };
  switch (type.kind) {
    case 'double':
      if (!/^Float/.test(found) && !/^U?[Ii]nt(8|16|32)/.test(found)) wrong();
      return hasNulls ? map(Number) : Float64Array.from(vector.toArray() as ArrayLike<number>);
    case 'int': {
      if (!/^U?[Ii]nt/.test(found)) wrong();
      if (hasNulls) return map((value) => safe(value as number | bigint, type.name, file));
      const raw = vector.toArray() as ArrayLike<number | bigint>;
      const numbers = new Float64Array(length);
      for (let i = 0; i < length; i++) numbers[i] = safe(raw[i] as number | bigint, type.name, file);
      return numbers;
    }
    case 'boolean':
      if (!/^Bool/.test(found)) wrong();
      return map((value) => value === true);
    case 'timestamp': {
      if (!/^Timestamp/.test(found)) wrong();
      return texts(vector, (i) => isoOf(rawMicroseconds(vector, i)));
    }
    case 'doubles':
      if (!/^(FixedSize)?List/.test(found)) wrong();
      return map((value) => Array.from(value as Iterable<number>));
    case 'string':
      if (!/Utf8|Dictionary/.test(found)) wrong();
      return map(String);
    case 'json':
      if (!/Utf8|Dictionary/.test(found)) wrong();
      return map((value) => JSON.parse(String(value)) as unknown);
  }
}

function texts(vector: Vector, text: (i: number) => string): (string | null)[] {
  const out: (string | null)[] = [];
  for (let i = 0; i < vector.length; i++) out.push(vector.get(i) === null ? null : text(i));
  return out;
}

/** vector.get gives ms as a double: the exact value lies in the data. */
function rawMicroseconds(vector: Vector, index: number): bigint {
  let at = index;
  for (const data of vector.data) {
    if (at < data.length) {
      const raw = BigInt((data.values as ArrayLike<bigint>)[at] ?? 0n);
      const unit = (data.type as { readonly unit?: number }).unit; // 0 s, 1 ms, 2 us, 3 ns
      return unit === 0 ? raw * 1_000_000n : unit === 1 ? raw * 1000n : unit === 3 ? raw / 1000n : raw;
    }
    at -= data.length;
  }
  return 0n;
}
function isoOf(us: bigint): string {
  const ms = us / 1000n - (us % 1000n < 0n ? 1n : 0n);
  const rest = us - ms * 1000n;
  const text = new Date(Number(ms)).toISOString();
  const micros = `${text.slice(20, 23)}${String(rest).padStart(3, '0')}`.replace(/0+$/, '');
  return micros === '' ? `${text.slice(0, 19)}Z` : `${text.slice(0, 19)}.${micros}Z`;
}
function safe(value: number | bigint, column: string, file: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new HeddleError('HDL-BAD-ROW', {
      what: `Column ${column} holds ${value}, which a number cannot hold exactly.`,
      where: file,
      fix: 'Store it as a text.',
    });
  return number;
}
