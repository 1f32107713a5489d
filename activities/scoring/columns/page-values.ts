/** Values of a Parquet page that are not numbers of a dictionary: plain ones, and the rarer encodings by hyparquet. Pure; scoring threads. */
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import type { Values } from './coded-column.ts';
import type { ColumnInfo } from './column-info.ts';

type Type = ColumnInfo['type'];
const text = new TextDecoder('utf-8', { fatal: true });

/** `count` values from the beginning of `bytes`. Throws a plain Error for an encoding that is not known, or too few bytes. */
export function valuesOf(bytes: Uint8Array, type: Type, encoding: string, count: number): Values {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  if (encoding === 'PLAIN') return plainValues(bytes, type, count);
  if (count === 0) return plainValues(bytes, type, 0);
  if (encoding === 'DELTA_BINARY_PACKED' && (type === 'INT32' || type === 'INT64')) {
    const out = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
    deltaBinaryUnpack(reader, count, out);
    return out;
  }
  if (encoding === 'BYTE_STREAM_SPLIT' && type !== 'BYTE_ARRAY') return byteStreamSplit(reader, count, type, undefined) as Values; // typed arrays for these types
  if (type === 'BYTE_ARRAY' && (encoding === 'DELTA_LENGTH_BYTE_ARRAY' || encoding === 'DELTA_BYTE_ARRAY')) {
    const parts: Uint8Array[] = Array.from({ length: count });
    (encoding === 'DELTA_BYTE_ARRAY' ? deltaByteArray : deltaLengthByteArray)(reader, count, parts);
    return parts.map((part) => text.decode(part));
  }
  throw new Error(`values are encoded as ${encoding}, which scoring does not read`);
}

export function plainValues(bytes: Uint8Array, type: Type, count: number): Values {
  if (type === 'BYTE_ARRAY') return plainTexts(bytes, count);
  const size = type === 'INT32' || type === 'FLOAT' ? 4 : 8;
  if (bytes.length < count * size) throw new Error(`${count} values in ${bytes.length} bytes`);
  const { buffer } = new Uint8Array(bytes.subarray(0, count * size)); // a copy is aligned, and .slice of a Buffer is none
  if (type === 'INT32') return new Int32Array(buffer);
  if (type === 'INT64') return new BigInt64Array(buffer);
  return type === 'FLOAT' ? new Float32Array(buffer) : new Float64Array(buffer);
}

function plainTexts(bytes: Uint8Array, count: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw new Error('a page ends within a text');
    out.push(text.decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return out;
}
