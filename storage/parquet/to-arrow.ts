/** Rows or columns of an author -> Arrow batches, by typed arrays. Checks each value against its column. Workers. */
import { Field, Float64, List, makeData, makeVector, RecordBatch, Struct, Utf8, type Data, type Schema } from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { arrowType } from './column-arrow.ts';
import type { ColumnType } from './column-types.ts';
import { decimalValue, putDecimal } from './decimal.ts';
import { microseconds } from './instant.ts';

export type Columnar = { readonly numRows: number; readonly columns: Readonly<Record<string, ArrayLike<unknown>>> };

/** The columns have been checked (checkColumns). Throws HDL-BAD-ROW. `first`: number of the batch's first row, for messages. */
export function toRecordBatch(types: readonly ColumnType[], schema: Schema, batch: Columnar, dataset: string, first = 0): RecordBatch {
  const children = types.map((type) => new ColumnWriter(type, batch.columns[type.name] ?? { length: batch.numRows }, dataset, first).data());
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }));
}

/** Each column there, as long as the batch, and none that the dataset does not have: most often a misspelt one. Throws HDL-BAD-ROW. */
export function checkColumns(types: readonly ColumnType[], { numRows, columns }: Columnar, dataset: string): void {
  const bad = (what: string): HeddleError =>
    new HeddleError('HDL-BAD-ROW', { what, where: dataset, fix: `Its columns: ${types.map((type) => type.name).join(', ')}.` });
  if (!Number.isSafeInteger(numRows) || numRows < 0) throw bad(`A batch says that it has ${String(numRows)} rows.`);
  for (const [name, values] of Object.entries(columns)) {
    if (typeof values !== 'object') continue; // a field beside the columns is none of them
    if (!types.some((type) => type.name === name)) throw bad(`The rows have a column ${name}, which ${dataset} does not have.`);
    if (values.length !== numRows) throw bad(`Column ${name} has ${values.length} values, and the batch ${numRows} rows.`);
  }
  const missing = types.find(({ name, nullable }) => !nullable && columns[name] === undefined);
  if (missing) throw bad(`The rows have no column ${missing.name}.`);
}

/** Rows as columns: an adapter, 20 times slower than columns. */
export function columnsOfRows(types: readonly ColumnType[], rows: readonly object[]): Columnar {
  const columns: Record<string, unknown[]> = Object.fromEntries(types.map(({ name }) => [name, Array.from({ length: rows.length })]));
  for (const [i, row] of rows.entries()) {
    for (const [name, value] of Object.entries(row)) (columns[name] ??= Array.from({ length: rows.length }))[i] = value;
  }
  return { numRows: rows.length, columns };
}

/** Rows from..to of a batch, without copying typed arrays. */
export function partOf({ columns }: Columnar, from: number, to: number): Columnar {
  const part = (values: ArrayLike<unknown>): ArrayLike<unknown> =>
    ArrayBuffer.isView(values)
      ? (values as Float64Array).subarray(from, to)
      : typeof values === 'object'
        ? Array.prototype.slice.call(values, from, to)
        : values;
  return { numRows: to - from, columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, part(values)])) };
}

class ColumnWriter {
  private readonly type: ColumnType;
  private readonly values: ArrayLike<unknown>;
  private readonly dataset: string;
  private readonly first: number;
  private readonly valid: Uint8Array;
  private nullCount = 0;

  constructor(type: ColumnType, values: ArrayLike<unknown>, dataset: string, first: number) {
    this.type = type;
    this.values = values;
    this.dataset = dataset;
    this.first = first;
    this.valid = new Uint8Array((values.length + 7) >> 3);
  }

  data(): Data {
    const { values } = this;
    switch (this.type.kind) {
      case 'double':
        return this.made(this.filled(new Float64Array(values.length), 'a number', this.numberOf));
      case 'float':
        return this.made(this.filled(new Float32Array(values.length), 'a number of 32 bits', this.numberOf));
      case 'int32':
        return this.made(
          this.filled(new Int32Array(values.length), 'a whole number of 32 bits', (value) =>
            (Number(value) | 0) === Number(value) && isNumeric(value) ? Number(value) : undefined,
          ),
        );
      case 'int':
        return this.made(values instanceof BigInt64Array ? this.safe(values) : this.filled(new BigInt64Array(values.length), 'a whole number', bigOf));
      case 'int64':
        return this.made(this.filled(new BigInt64Array(values.length), 'a whole number of 64 bits (a bigint)', longOf));
      case 'decimal':
        return this.decimals();
      case 'timestamp':
        return this.made(
          this.filled(
            new BigInt64Array(values.length),
            'a date and time with its zone, such as 2001-03-01T05:00:00Z',
            (value) => microseconds(value) ?? undefined,
          ),
        );
      case 'boolean':
        return this.booleans();
      case 'string':
        return this.texts('a text', textOf);
      case 'json':
        return this.texts('a value that JSON can hold', jsonOf);
      case 'category':
        return this.codes();
      case 'doubles':
        return this.lists();
      case 'texts':
        return this.textLists();
      case 'vector':
        return this.vectors();
    }
  }

  private readonly numberOf = (value: unknown): number | undefined =>
    Number.isFinite(value) || (this.type.nan === true && typeof value === 'number') ? (value as number) : undefined;

  private made(data: Float64Array | Float32Array | Int32Array | Uint32Array | BigInt64Array): Data {
    return makeData({ type: arrowType(this.type), length: this.values.length, data, ...this.validity() } as never) as Data; // the union of makeData's overloads
  }
  private filled<A extends { [index: number]: unknown }>(into: A, expected: string, convert: (value: unknown) => A[number] | undefined): A {
    for (let i = 0; i < this.values.length; i++) {
      if (this.isNull(i)) continue;
      const value = convert(this.values[i]);
      if (value === undefined) this.bad(i, expected);
      into[i] = value;
    }
    return into;
  }
  private safe(values: BigInt64Array): BigInt64Array {
    for (let i = 0; i < values.length; i++) if (!Number.isSafeInteger(Number(values[i]))) this.bad(i, 'a whole number below 2^53');
    return values;
  }
  private booleans(): Data {
    const bits = new Uint8Array((this.values.length + 7) >> 3);
    for (let i = 0; i < this.values.length; i++) {
      if (this.isNull(i)) continue;
      if (typeof this.values[i] !== 'boolean') this.bad(i, 'true or false');
      if (this.values[i] === true) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
    }
    return makeData({ type: arrowType(this.type), length: this.values.length, data: bits, ...this.validity() } as never) as Data; // as above
  }
  private texts(expected: string, convert: (value: unknown) => string | undefined): Data {
    const texts: string[] = [];
    for (let i = 0; i < this.values.length; i++) {
      const text = this.isNull(i) ? '' : convert(this.values[i]);
      if (text === undefined) this.bad(i, expected);
      texts.push(text as string);
    }
    return utf8(texts, this.validity());
  }
  /** A dictionary of the texts that this batch has. */
  private codes(): Data {
    const { length } = this.values;
    const codes = new Int32Array(length);
    const known = new Map<string, number>();
    for (let i = 0; i < length; i++) {
      if (this.isNull(i)) continue;
      const text = textOf(this.values[i]);
      if (text === undefined) this.bad(i, 'a text');
      let code = known.get(text as string);
      if (code === undefined) known.set(text as string, (code = known.size));
      codes[i] = code;
    }
    const dictionary = makeVector(utf8([...known.keys()], { nullCount: 0 }));
    return makeData({ type: arrowType(this.type), length, data: codes, dictionary, ...this.validity() } as never) as Data; // the union of makeData's overloads
  }
  private decimals(): Data {
    const { precision = 38, scale = 0 } = this.type;
    const words = new Uint32Array(this.values.length * 4);
    for (let i = 0; i < this.values.length; i++) {
      if (this.isNull(i)) continue;
      const value = decimalValue(this.values[i], precision, scale);
      if (value === null) this.bad(i, `a decimal text of at most ${precision} digits, ${scale} of them after the point`);
      else putDecimal(words, i, value);
    }
    return this.made(words);
  }
  private lists(): Data {
    const { length } = this.values;
    const offsets = new Int32Array(length + 1);
    const numbers: number[] = [];
    for (let i = 0; i < length; i++) {
      const list: unknown = this.isNull(i) ? [] : this.values[i];
      if (!isNumbers(list)) this.bad(i, 'a list of numbers');
      for (const number of list as readonly number[]) numbers.push(number); // or a typed array
      offsets[i + 1] = numbers.length;
    }
    const child = makeData({ type: new Float64(), length: numbers.length, nullCount: 0, data: Float64Array.from(numbers) });
    return makeData({ type: new List(new Field('item', new Float64(), false)), length, valueOffsets: offsets, child, ...this.validity() });
  }

  private textLists(): Data {
    const { length } = this.values;
    const offsets = new Int32Array(length + 1);
    const all: string[] = [];
    for (let i = 0; i < length; i++) {
      const list: unknown = this.isNull(i) ? [] : this.values[i];
      if (!Array.isArray(list) || !list.every((text) => textOf(text) !== undefined)) this.bad(i, 'a list of texts');
      for (const text of list as readonly string[]) all.push(text);
      offsets[i + 1] = all.length;
    }
    const child = utf8(all, { nullCount: 0 });
    return makeData({ type: new List(new Field('item', new Utf8(), false)), length, valueOffsets: offsets, child, ...this.validity() } as never) as Data; // as above
  }
  private vectors(): Data {
    const { size = 1, single } = this.type;
    const { length } = this.values;
    const flat = single ? new Float32Array(length * size) : new Float64Array(length * size);
    for (let i = 0; i < length; i++) {
      if (this.isNull(i)) continue;
      const vector = this.values[i];
      if (!isNumbers(vector) || vector.length !== size) this.bad(i, `a list of ${size} numbers`);
      flat.set(vector as ArrayLike<number>, i * size);
    }
    const type = arrowType(this.type);
    const item = (type.children[0] as Field).type; // a list has one
    const child = makeData({ type: item, length: length * size, nullCount: 0, data: flat } as never) as Data; // as above
    return makeData({ type, length, child, ...this.validity() } as never) as Data; // as above
  }

  private isNull(row: number): boolean {
    const value = this.values[row];
    if (value !== null && value !== undefined) {
      this.valid[row >> 3] = (this.valid[row >> 3] ?? 0) | (1 << (row & 7));
      return false;
    }
    if (!this.type.nullable) this.bad(row, this.type.kind === 'json' ? 'a value' : this.type.kind);
    this.nullCount++;
    return true;
  }
  private validity(): { nullCount: number; nullBitmap?: Uint8Array } {
    return this.nullCount > 0 ? { nullCount: this.nullCount, nullBitmap: this.valid } : { nullCount: 0 };
  }
  private bad(row: number, expected: string): never {
    throw new HeddleError('HDL-BAD-ROW', {
      what: `Column ${this.type.name}, row ${this.first + row}: expected ${expected}${this.type.nullable ? ' or null' : ''}, found ${show(this.values[row])}.`,
      where: this.dataset,
    });
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value.isWellFormed() ? value : undefined);
function utf8(texts: readonly string[], validity: { readonly nullCount: number; readonly nullBitmap?: Uint8Array }): Data {
  const { length } = texts;
  let room = 0;
  for (const text of texts) room += text.length * 3;
  const offsets = new Int32Array(length + 1);
  const bytes = Buffer.allocUnsafe(room);
  let at = 0;
  for (let i = 0; i < length; i++) {
    at += bytes.write(texts[i] as string, at, 'utf8');
    offsets[i + 1] = at;
  }
  return makeData({ type: new Utf8(), length, valueOffsets: offsets, data: bytes.subarray(0, at), ...validity } as never) as Data; // the union of makeData's overloads
}
const isNumeric = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
const bigOf = (value: unknown): bigint | undefined =>
  Number.isSafeInteger(value) ? BigInt(value as number) : typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? value : undefined;
function longOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined;
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // a bigint or a circle in it
  }
}
const isNumbers = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || value instanceof Float64Array || value instanceof Float32Array || value instanceof Int32Array
    ? Array.prototype.every.call(value, Number.isFinite)
    : false;
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return String(value);
  return jsonOf(value)?.slice(0, 80) ?? typeof value;
}
