/** Rows or columns of an author -> Arrow vectors, by typed arrays. Checks each value against its column. Workers. */
import {
  Bool,
  Float64,
  Int64,
  List,
  makeData,
  RecordBatch,
  Struct,
  TimestampMicrosecond,
  Utf8,
  Field,
  vectorFromArray,
  type Data,
  type Schema,
} from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';

export type Columnar = { readonly numRows: number; readonly columns: Readonly<Record<string, ArrayLike<unknown>>> };

/** Throws HDL-BAD-ROW, which names dataset, column, row, expected and found. */
export function toRecordBatch(types: readonly ColumnType[], schema: Schema, batch: Columnar, dataset: string): RecordBatch {
  for (const name of Object.keys(batch.columns)) {
    if (!types.some((type) => type.name === name))
      throw new HeddleError('HDL-BAD-ROW', { what: `The rows have a column ${name}, which ${dataset} does not have.`, where: dataset });
  }
  const children = types.map((type) => {
    const values = batch.columns[type.name];
    if (!values) {
      if (type.nullable) return columnData(type, { length: batch.numRows } as ArrayLike<unknown>, dataset);
      throw new HeddleError('HDL-BAD-ROW', { what: `The rows have no column ${type.name}.`, where: dataset });
    }
    if (values.length !== batch.numRows)
      throw new HeddleError('HDL-BAD-ROW', { what: `Column ${type.name} has ${values.length} values, and the batch ${batch.numRows} rows.`, where: dataset });
    return columnData(type, values, dataset);
  });
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }));
}

/** Rows as columns: an adapter, 20 times slower than columns. */
export function columnsOfRows(types: readonly ColumnType[], rows: readonly object[]): Columnar {
  const columns: Record<string, unknown[]> = Object.fromEntries(types.map(({ name }) => [name, Array.from({ length: rows.length })]));
  for (const [i, row] of rows.entries()) {
    for (const [name, value] of Object.entries(row)) (columns[name] ??= Array.from({ length: rows.length }))[i] = value;
  }
  return { numRows: rows.length, columns };
}

function columnData(type: ColumnType, values: ArrayLike<unknown>, dataset: string): Data {
  const length = values.length;
  const bad = (row: number, expected: string): never => {
    throw new HeddleError('HDL-BAD-ROW', {
      what: `Column ${type.name}, row ${row}: expected ${expected}${type.nullable ? ' or null' : ''}, found ${show(values[row])}.`,
      where: dataset,
    });
  };
  const nulls = new Uint8Array((length + 7) >> 3);
  let nullCount = 0;
  const isNull = (row: number): boolean => {
    if (values[row] !== null && values[row] !== undefined) {
      nulls[row >> 3] = (nulls[row >> 3] ?? 0) | (1 << (row & 7));
      return false;
    }
    if (!type.nullable) bad(row, type.kind);
    nullCount++;
    return true;
  };
  const validity = (): { nullCount: number; nullBitmap?: Uint8Array } => (nullCount > 0 ? { nullCount, nullBitmap: nulls } : { nullCount: 0 });
  switch (type.kind) {
    case 'double': {
      if (values instanceof Float64Array) return makeData({ type: new Float64(), length, nullCount: 0, data: values });
      const data = new Float64Array(length);
      for (let i = 0; i < length; i++) if (!isNull(i)) data[i] = typeof values[i] === 'number' ? (values[i] as number) : bad(i, 'a number');
      return makeData({ type: new Float64(), length, data, ...validity() });
    }
    case 'int': {
      const data = new BigInt64Array(length);
      for (let i = 0; i < length; i++) {
        if (isNull(i)) continue;
        const value = values[i];
        if (typeof value === 'bigint') data[i] = value;
        else if (Number.isSafeInteger(value)) data[i] = BigInt(value as number);
        else bad(i, 'a whole number');
      }
      return makeData({ type: new Int64(), length, data, ...validity() });
    }
    case 'timestamp': {
      const data = new BigInt64Array(length);
      for (let i = 0; i < length; i++) {
        if (isNull(i)) continue;
        const us = microseconds(values[i]);
        data[i] = us ?? bad(i, 'a date and time in UTC, such as 2001-03-01T05:00:00Z');
      }
      return makeData({ type: new TimestampMicrosecond('UTC'), length, data, ...validity() });
    }
    case 'boolean': {
      const data = new Uint8Array((length + 7) >> 3);
      for (let i = 0; i < length; i++) {
        if (isNull(i)) continue;
        if (typeof values[i] !== 'boolean') bad(i, 'true or false');
        if (values[i] === true) data[i >> 3] = (data[i >> 3] ?? 0) | (1 << (i & 7));
      }
      return makeData({ type: new Bool(), length, data, ...validity() });
    }
    case 'string':
    case 'json': {
      const texts: (string | null)[] = [];
      for (let i = 0; i < length; i++)
        texts.push(
          isNull(i) ? null : type.kind === 'json' ? JSON.stringify(values[i]) : typeof values[i] === 'string' ? (values[i] as string) : bad(i, 'a text'),
        );
      return utf8(texts, validity());
    }
    case 'doubles': {
      const lists: (number[] | null)[] = [];
      for (let i = 0; i < length; i++)
        lists.push(isNull(i) ? null : isNumbers(values[i]) ? Array.from(values[i] as ArrayLike<number>) : bad(i, 'a list of numbers'));
      return vectorFromArray(lists, new List(new Field('item', new Float64(), false))).data[0] as Data;
    }
  }
}

function utf8(texts: readonly (string | null)[], validity: { nullCount: number; nullBitmap?: Uint8Array }): Data {
  const offsets = new Int32Array(texts.length + 1);
  let room = 0;
  for (const text of texts) room += (text?.length ?? 0) * 3;
  const bytes = new Uint8Array(room);
  const encoder = new TextEncoder();
  let at = 0;
  for (const [i, text] of texts.entries()) {
    if (text !== null && text !== '') at += encoder.encodeInto(text, bytes.subarray(at)).written;
    offsets[i + 1] = at;
  }
  return makeData({ type: new Utf8(), length: texts.length, valueOffsets: offsets, data: bytes.subarray(0, at), ...validity });
}

/** Microseconds since the epoch, null for what is no instant. Keeps six digits of a fraction. */
function microseconds(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string') return null;
  const [, head, fraction, zone] = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:\d{2})$/.exec(value) ?? [];
  const ms = head === undefined ? Number.NaN : Date.parse(`${head}${zone ?? ''}`);
  return Number.isNaN(ms) ? null : BigInt(ms) * 1000n + BigInt((fraction ?? '').padEnd(6, '0').slice(0, 6) || '0');
}
const isNumbers = (value: unknown): boolean =>
  (Array.isArray(value) && value.every((one) => typeof one === 'number')) || value instanceof Float64Array || value instanceof Float32Array;
const show = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value)?.slice(0, 80) ?? typeof value);
