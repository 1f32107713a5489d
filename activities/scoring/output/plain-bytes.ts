/** Typed values -> the bytes that Parquet calls PLAIN, and the least and greatest of them for statistics. Pure; scoring threads. */
import type { CodedColumn, Values } from '../columns/coded-column.ts';

/** `count` values; `at(i)` is the index of the i-th of them; null: they are the first ones. */
export function plainBytes(values: Values, count: number, at: ((i: number) => number) | null): Uint8Array {
  if (!at && ArrayBuffer.isView(values)) return new Uint8Array(values.buffer, values.byteOffset, count * values.BYTES_PER_ELEMENT);
  if (!ArrayBuffer.isView(values)) {
    const texts = Array.from({ length: count }, (_, i) => Buffer.from(values[at ? at(i) : i]!, 'utf8'));
    const out = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + text.length, 0));
    let to = 0;
    for (const text of texts) {
      out.writeUInt32LE(text.length, to);
      out.set(text, to + 4);
      to += 4 + text.length;
    }
    return out;
  }
  const out = new (values.constructor as new (length: number) => typeof values)(count) as Record<number, unknown> & typeof values;
  for (let i = 0; i < count; i++) (out as Record<number, unknown>)[i] = values[at ? at(i) : i];
  return new Uint8Array(out.buffer);
}

export interface Bounds {
  least: number | bigint | string;
  most: number | bigint | string;
}
/** Longer texts get no statistics: a footer must stay small. */
const MAX_TEXT = 64;

/** null: no row is there, or one is not a number. */
export function boundsOf({ rows, codes, values, valid }: CodedColumn): Bounds | null {
  if (values instanceof Float32Array && !codes && !valid) return floatBounds(values);
  const used = codes && new Uint8Array(values.length);
  if (codes && used && valid) for (let i = 0; i < rows; i++) if (valid[i]) used[codes[i]!] = 1;
  if (codes && used && !valid) for (let i = 0; i < rows; i++) used[codes[i]!] = 1;
  let found: Bounds | null = null;
  for (let i = 0; i < values.length; i++) {
    if (used ? !used[i] : valid && !valid[i]) continue;
    const value = values[i]!;
    if (Number.isNaN(value) || (typeof value === 'string' && value.length > MAX_TEXT)) return null;
    if (!found) found = { least: value, most: value };
    else if (isLess(value, found.least)) found.least = value;
    else if (isLess(found.most, value)) found.most = value;
  }
  return found;
}
/** Of scores, which are many. */
function floatBounds(values: Float32Array): Bounds | null {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
  }
  return values.length === 0 || Number.isNaN(sum) ? null : { least, most };
}
export const widen = (all: Bounds | null, one: Bounds | null): Bounds | null =>
  all && one && { least: isLess(one.least, all.least) ? one.least : all.least, most: isLess(all.most, one.most) ? one.most : all.most };

/** Texts by their UTF-8 bytes, as Parquet orders them. */
function isLess(a: Bounds['least'], b: Bounds['least']): boolean {
  return typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : a < b;
}
