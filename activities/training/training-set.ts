/**
 * The table that training reads: features, labels, and what slices need, as one binary file. Layout: 'HDLT', u32 length of
 * the header, header as JSON padded to 4 bytes, then the columns one after the other, little-endian. Pure; worker side.
 */
export interface TrainingSet {
  readonly rows: number;
  /** Names of the features, in the order of a row of `x`. */
  readonly features: readonly string[];
  /** rows x features. */
  readonly x: Float32Array;
  /** 0 or 1. */
  readonly y: Uint8Array;
  /** Seconds since the epoch, ascending. */
  readonly at: Int32Array;
  /** Index into `origins`. */
  readonly origin: Uint16Array;
  readonly origins: readonly string[];
}
interface Header {
  readonly rows: number;
  readonly features: readonly string[];
  readonly origins: readonly string[];
}
const MAGIC = 0x544c4448; // 'HDLT', little-endian

export function encodeTrainingSet(set: TrainingSet): Uint8Array {
  const header: Header = { rows: set.rows, features: set.features, origins: set.origins };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = padded(8 + json.length);
  const out = new Uint8Array(start + set.rows * (set.features.length * 4 + 4 + 4)); // x, at, origin (2) + y (1) + rest
  new DataView(out.buffer).setUint32(0, MAGIC, true);
  new DataView(out.buffer).setUint32(4, json.length, true);
  out.set(json, 8);
  let offset = start;
  for (const column of [set.x, set.at, set.origin, set.y]) {
    out.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), offset);
    offset += column.byteLength;
  }
  return out.subarray(0, offset);
}

export function decodeTrainingSet(bytes: Uint8Array): TrainingSet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 8 || view.getUint32(0, true) !== MAGIC) throw new Error('this file is no training set');
  const length = view.getUint32(4, true);
  const { rows, features, origins } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
  // a copy, since typed arrays must begin at a multiple of their element's size
  const columns = bytes.slice(padded(8 + length)).buffer;
  const x = new Float32Array(columns, 0, rows * features.length);
  const at = new Int32Array(columns, x.byteLength, rows);
  const origin = new Uint16Array(columns, x.byteLength + at.byteLength, rows);
  const y = new Uint8Array(columns, x.byteLength + at.byteLength + origin.byteLength, rows);
  return { rows, features, x, y, at, origin, origins };
}
const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** Rows from <= at < end (seconds), as views: no copy. */
export function rowsBetween(set: TrainingSet, from: number, end: number): TrainingSet {
  const first = firstAtOrAfter(set.at, from);
  const past = firstAtOrAfter(set.at, end);
  return {
    ...set,
    rows: past - first,
    x: set.x.subarray(first * set.features.length, past * set.features.length),
    y: set.y.subarray(first, past),
    at: set.at.subarray(first, past),
    origin: set.origin.subarray(first, past),
  };
}
function firstAtOrAfter(at: Int32Array, time: number): number {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
