/** The rows that may be scored, as one file between steps: u32 rows, u32 features, flight numbers, then the matrix; little-endian. Pure; worker side. */
export interface KeptRows {
  readonly rows: number;
  /** Number of the flight within the day, ascending. */
  readonly flight: Int32Array;
  /** rows x features. */
  readonly x: Float32Array;
}
const HEADER = 8;

export function encodeKeptRows({ rows, flight, x }: KeptRows): Uint8Array {
  const out = new Uint8Array(HEADER + flight.byteLength + x.byteLength);
  new DataView(out.buffer).setUint32(0, rows, true);
  new DataView(out.buffer).setUint32(4, rows === 0 ? 0 : x.length / rows, true);
  out.set(new Uint8Array(flight.buffer, flight.byteOffset, flight.byteLength), HEADER);
  out.set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), HEADER + flight.byteLength);
  return out;
}
export function decodeKeptRows(bytes: Uint8Array): KeptRows {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = view.getUint32(0, true);
  const columns = bytes.slice(HEADER).buffer; // aligned
  return { rows, flight: new Int32Array(columns, 0, rows), x: new Float32Array(columns, rows * 4, rows * view.getUint32(4, true)) };
}
