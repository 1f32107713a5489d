/** Bytes of a column chunk -> its pages, decompressed, each decoded as far as codes and typed values. Pure; scoring threads. */
import { zstdDecompressSync } from 'node:zlib';
import type { PageHeader } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import type { CodedColumn, Values } from './coded-column.ts';
import type { ChunkInfo } from './column-info.ts';
import { plainValues, valuesOf } from './page-values.ts';
import { areAllPresent, decodeRle } from './rle.ts';

/** Node's zstd is native: several times faster than one in wasm. */
const decompressors = { ...compressors, ZSTD: (input: Uint8Array): Uint8Array => zstdDecompressSync(input) };

/** Data pages in order. Throws plain errors for bytes that are no such pages. */
export function* pagesOf(bytes: Uint8Array, chunk: ChunkInfo): Generator<CodedColumn> {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let dictionary: Values | null = null;
  while (reader.offset < bytes.length) {
    const header = parquetHeader(reader);
    const size = header.compressed_page_size;
    if (!(size >= 0) || reader.offset + size > bytes.length) throw new Error('the chunk ends within a page');
    const body = bytes.subarray(reader.offset, reader.offset + size);
    reader.offset += size;
    if (header.type === 'DICTIONARY_PAGE') {
      const count = header.dictionary_page_header?.num_values ?? 0;
      dictionary = plainValues(decompressPage(body, header.uncompressed_page_size, chunk.codec, decompressors), chunk.column.type, count);
    } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      yield dataPage(body, header, chunk, dictionary);
    }
  }
}

function dataPage(body: Uint8Array, header: PageHeader, chunk: ChunkInfo, dictionary: Values | null): CodedColumn {
  const { rows, encoding, values, levels } = partsOf(body, header, chunk);
  const valid = levels && validityOf(levels, rows);
  const present = valid ? valid.reduce((sum, one) => sum + one, 0) : rows;
  if (encoding !== 'RLE_DICTIONARY' && encoding !== 'PLAIN_DICTIONARY') {
    const plain = valuesOf(values, chunk.column.type, encoding, present);
    return { rows, codes: null, values: valid ? spread(plain, valid) : plain, valid };
  }
  if (!dictionary) throw new Error('a page of numbers comes before its dictionary');
  const codes = new Uint32Array(present);
  const width = values[0] ?? 0;
  if (width > 0 && present > 0) decodeRle(values, 1, values.length, width, codes);
  let highest = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i]! > highest) highest = codes[i]!;
  if (present > 0 && highest >= dictionary.length) throw new Error(`number ${highest} in a dictionary of ${dictionary.length}`);
  // nothing is there: a code of 0 must lead to some value
  const known = dictionary.length > 0 ? dictionary : plainValues(new Uint8Array(8), chunk.column.type, 1);
  return { rows, codes: valid ? (spread(codes, valid) as Uint32Array) : codes, values: known, valid };
}

interface PageParts {
  readonly rows: number;
  readonly encoding: string;
  readonly values: Uint8Array;
  /** Bytes of the definition levels; null for a column that cannot be null. */
  readonly levels: Uint8Array | null;
}
function partsOf(body: Uint8Array, header: PageHeader, { codec, column }: ChunkInfo): PageParts {
  const v2 = header.data_page_header_v2;
  if (v2) {
    const at = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
    const packed = body.subarray(at);
    const values = v2.is_compressed && packed.length > 0 ? decompressPage(packed, header.uncompressed_page_size - at, codec, decompressors) : packed;
    return { rows: v2.num_values, encoding: v2.encoding, values, levels: column.optional ? body.subarray(v2.repetition_levels_byte_length, at) : null };
  }
  const v1 = header.data_page_header;
  if (!v1) throw new Error('a page without a header');
  const page = decompressPage(body, header.uncompressed_page_size, codec, decompressors);
  if (!column.optional) return { rows: v1.num_values, encoding: v1.encoding, values: page, levels: null };
  const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
  if (4 + length > page.length) throw new Error('a page ends within its levels');
  return { rows: v1.num_values, encoding: v1.encoding, values: page.subarray(4 + length), levels: page.subarray(4, 4 + length) };
}

/** null: all rows are there. */
function validityOf(levels: Uint8Array, rows: number): Uint8Array | null {
  if (areAllPresent(levels, rows)) return null;
  const decoded = new Uint32Array(rows);
  decodeRle(levels, 0, levels.length, 1, decoded);
  return decoded.includes(0) ? Uint8Array.from(decoded) : null;
}

/** Values of the rows that are there, with 0 or '' where none is. */
function spread<T extends Values | Uint32Array>(values: T, valid: Uint8Array): T {
  const out = (
    ArrayBuffer.isView(values) ? new (values.constructor as new (length: number) => T)(valid.length) : Array.from({ length: valid.length }, () => '')
  ) as T & Record<number, unknown>;
  let from = 0;
  for (let i = 0; i < valid.length; i++) if (valid[i]) (out as Record<number, unknown>)[i] = values[from++];
  return out;
}
