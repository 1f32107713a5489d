/**
 * One column of a row group -> the bytes of its Parquet chunk: a page for each batch, zstd, numbers of a dictionary written as
 * such without looking at what they stand for. Pure; scoring threads.
 */
import { constants, zstdCompressSync } from 'node:zlib';
import type { CodedColumn, Values } from '../columns/coded-column.ts';
import type { ColumnInfo } from '../columns/column-info.ts';
import { bitsFor, encodeLevels, encodePacked } from '../columns/rle.ts';
import { boundsOf, plainBytes, widen, type Bounds } from './plain-bytes.ts';
import { encodeStruct, type ThriftStruct } from './thrift.ts';

export interface WrittenChunk {
  readonly column: ColumnInfo;
  readonly rows: number;
  readonly nulls: number;
  readonly compressed: number;
  readonly uncompressed: number;
  readonly hasDictionary: boolean;
  /** Of the first data page, from the chunk's beginning. */
  readonly dataAt: number;
  /** As Parquet's PLAIN; null where there are none. */
  readonly least: Uint8Array | null;
  readonly most: Uint8Array | null;
}
const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;
const MAX_WIDTH = 24;
const compress = (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });

export class ColumnWriter {
  readonly parts: Uint8Array[] = [];
  private readonly column: ColumnInfo;
  private dictionary: Values | null = null;
  private rows = 0;
  private nulls = 0;
  private compressed = 0;
  private uncompressed = 0;
  private dataAt = 0;
  private bounds: Bounds | null | 'none yet' = 'none yet';

  constructor(column: ColumnInfo) {
    this.column = column;
  }

  add(batch: CodedColumn): void {
    const { rows, codes, values, valid } = batch;
    if (rows === 0) return;
    if (codes && this.rows === 0 && bitsFor(values.length) <= MAX_WIDTH) this.writeDictionary(values);
    const nulls = valid ? rows - valid.reduce((sum, one) => sum + one, 0) : 0;
    if (nulls > 0 && !this.column.optional) throw new Error(`column ${this.column.name} has nulls and may have none`);
    const present = nulls > 0 && valid ? presentRows(valid, rows - nulls) : null;
    const levels = this.column.optional ? encodeLevels(nulls > 0 ? valid : null, rows) : null;
    const coded = codes && values === this.dictionary ? codes : null;
    const body = coded
      ? withWidth(bitsFor(values.length), present ? Uint32Array.from(present, (row) => coded[row]!) : coded)
      : plainBytes(values, rows - nulls, codes || present ? (i) => indexOf(codes, present ? present[i]! : i) : null);
    const page = levels ? concat([lengthOf(levels), levels, body]) : body;
    const header: ThriftStruct = [
      [1, { i32: rows }],
      [2, { i32: coded ? RLE_DICTIONARY : PLAIN }],
      [3, { i32: RLE }],
      [4, { i32: RLE }],
    ];
    this.writePage(0, [5, { struct: header }], page);
    const bounds = boundsOf(batch);
    if (bounds || nulls < rows) this.bounds = this.bounds === 'none yet' ? bounds : widen(this.bounds, bounds);
    this.rows += rows;
    this.nulls += nulls;
  }

  finish(): WrittenChunk {
    const { column, rows, nulls, compressed, uncompressed, dataAt, bounds, dictionary } = this;
    const known = bounds === 'none yet' ? null : bounds;
    return {
      column,
      rows,
      nulls,
      compressed,
      uncompressed,
      hasDictionary: dictionary !== null,
      dataAt,
      least: known && statistic(column, known.least, -0),
      most: known && statistic(column, known.most, 0),
    };
  }

  private writeDictionary(values: Values): void {
    this.dictionary = values;
    const header: ThriftStruct = [
      [1, { i32: values.length }],
      [2, { i32: PLAIN }],
    ];
    this.writePage(2, [7, { struct: header }], plainBytes(values, values.length, null));
    this.dataAt = this.compressed;
  }
  private writePage(type: number, header: ThriftStruct[number], page: Uint8Array): void {
    const packed = compress(page);
    const head = encodeStruct([[1, { i32: type }], [2, { i32: page.length }], [3, { i32: packed.length }], header]);
    this.parts.push(head, packed);
    this.compressed += head.length + packed.length;
    this.uncompressed += head.length + page.length;
  }
}

const indexOf = (codes: Uint32Array | null, row: number): number => (codes ? codes[row]! : row);
function presentRows(valid: Uint8Array, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  let to = 0;
  for (let i = 0; i < valid.length; i++) if (valid[i]) rows[to++] = i;
  return rows;
}
const withWidth = (width: number, codes: Uint32Array): Uint8Array => encodePacked(codes, width, [width]);
const lengthOf = ({ length }: Uint8Array): Uint8Array => new Uint8Array(Uint32Array.of(length).buffer);

/** Texts without their length; a zero with the sign that readers must take for both zeros. */
function statistic({ type }: ColumnInfo, value: number | bigint | string, zero: number): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (typeof value === 'bigint') return new Uint8Array(BigInt64Array.of(value).buffer);
  if (type === 'INT32') return new Uint8Array(Int32Array.of(value).buffer);
  const signed = value === 0 ? zero : value;
  return new Uint8Array((type === 'FLOAT' ? Float32Array.of(signed) : Float64Array.of(signed)).buffer);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
