/** Typed values -> the bytes that Parquet calls PLAIN, and the least and greatest of them for statistics. Pure; scoring threads. */
import type { CodedColumn, Values } from '../columns/coded-column.ts';

/** `count` values; `at(i)` is the index of the i-th of them. */
export function plainBytes(values: Values, count: number, at: (i: number) => number): Uint8Array {
  if (!ArrayBuffer.isView(values)) {
    const texts = Array.from({ length: count }, (_, i) => Buffer.from(values[at(i)]!, 'utf8'));
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
  for (let i = 0; i < count; i++) (out as Record<number, unknown>)[i] = values[at(i)];
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
  const used = codes && new Uint8Array(values.length);
  if (codes && used) for (let i = 0; i < rows; i++) if (!valid || valid[i]) used[codes[i]!] = 1;
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
export const widen = (all: Bounds | null, one: Bounds | null): Bounds | null =>
  all && one && { least: isLess(one.least, all.least) ? one.least : all.least, most: isLess(all.most, one.most) ? one.most : all.most };

/** Texts by their UTF-8 bytes, as Parquet orders them. */
function isLess(a: Bounds['least'], b: Bounds['least']): boolean {
  return typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : a < b;
}
