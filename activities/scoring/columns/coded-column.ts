/**
 * Rows of one Parquet column as the hot path of scoring wants them: numbers of a dictionary and the dictionary itself, so that
 * a text is never made and a formula runs once a distinct value. Pure; scoring threads.
 */

/** Values of a column: of its dictionary, or of its rows. INT32, INT64, FLOAT, DOUBLE, UTF-8 texts. */
export type Values = Int32Array | BigInt64Array | Float32Array | Float64Array | readonly string[];

export interface CodedColumn {
  readonly rows: number;
  /** Row i is values[codes[i]]; null: row i is values[i]. Where a row is null, its code is 0 or its value 0 or ''. */
  readonly codes: Uint32Array | null;
  readonly values: Values;
  /** 1 for a row that is there, 0 for a null; null: all are there. */
  readonly valid: Uint8Array | null;
}

const asNumbers = new WeakMap<object, Float64Array>();
/** Numbers as doubles (int64 beyond 2^53 is rounded); a dictionary's are made once. Texts have none. */
export function numbersOf(values: Values): Float64Array | null {
  if (values instanceof Float64Array) return values;
  if (!ArrayBuffer.isView(values)) return null;
  const known = asNumbers.get(values);
  if (known) return known;
  const made = values instanceof BigInt64Array ? doublesOf(values) : Float64Array.from(values);
  asNumbers.set(values, made);
  return made;
}

/** By halves: no BigInt is made. */
function doublesOf(values: BigInt64Array): Float64Array {
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = high[2 * i + 1]! * 4_294_967_296 + low[2 * i]!;
  return out;
}

/** Rows from..to. */
export function partOf({ codes, values, valid }: CodedColumn, from: number, to: number): CodedColumn {
  return {
    rows: to - from,
    codes: codes && codes.subarray(from, to),
    values: codes ? values : ArrayBuffer.isView(values) ? values.subarray(from, to) : values.slice(from, to),
    valid: valid && valid.subarray(from, to),
  };
}

/** Only the rows named, ascending. */
export function rowsOf({ codes, values, valid }: CodedColumn, rows: Uint32Array): CodedColumn {
  const pick = <T extends { [index: number]: unknown }>(out: T, from: T): T => {
    for (let i = 0; i < rows.length; i++) out[i] = from[rows[i]!];
    return out;
  };
  return {
    rows: rows.length,
    codes: codes && pick(new Uint32Array(rows.length), codes),
    values: codes ? values : pick(emptyLike(values, rows.length) as Values & { [index: number]: unknown }, values),
    valid: valid && pick(new Uint8Array(rows.length), valid),
  };
}

/** Several pieces after each other. Pieces of one dictionary stay coded. */
export function joinColumns(pieces: readonly CodedColumn[]): CodedColumn {
  const [first] = pieces;
  if (!first) throw new Error('a column of no pieces');
  if (pieces.length === 1) return first;
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const valid = pieces.some((piece) => piece.valid) ? new Uint8Array(rows).fill(1) : null;
  const coded = pieces.every((piece) => piece.codes && piece.values === first.values);
  const codes = coded ? new Uint32Array(rows) : null;
  const values = coded ? first.values : (emptyLike(first.values, rows) as Values & { [index: number]: unknown });
  let to = 0;
  for (const piece of pieces) {
    if (piece.valid) valid?.set(piece.valid, to);
    if (codes && piece.codes) codes.set(piece.codes, to);
    else for (let i = 0; i < piece.rows; i++) (values as { [index: number]: unknown })[to + i] = piece.values[piece.codes ? piece.codes[i]! : i];
    to += piece.rows;
  }
  return { rows, codes, values, valid };
}

function emptyLike(values: Values, length: number): Values {
  if (values instanceof Int32Array) return new Int32Array(length);
  if (values instanceof BigInt64Array) return new BigInt64Array(length);
  if (values instanceof Float32Array) return new Float32Array(length);
  if (values instanceof Float64Array) return new Float64Array(length);
  return Array.from({ length }, () => '');
}
