/**
 * What the prediction cache holds for a key, 24 bytes little-endian: score as float32 (NaN: a negative result), the second it
 * expires as uint32, its stamp and the digest of its input as float64. The same bytes in every kind of cache. Pure.
 */
export interface Prediction {
  /** null: it is known that there is no prediction, so a reader need not ask the model. */
  readonly score: number | null;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Milliseconds since the epoch of the state that the score was made from: a newer entry is never overwritten by an older. */
  readonly stamp: number;
  /** Digest of the normalised input and the model (input-digest.ts); 0: not known. */
  readonly input: number;
}
export const PREDICTION_BYTES = 24;
/** Where the stamp lies, for scripts that compare it inside of a store. */
export const STAMP_OFFSET = 8;

/** Many predictions as columns. `scores`: NaN is a negative result. */
export interface Entries {
  /** Ascending writes fastest. */
  readonly keys: readonly string[];
  readonly scores: Float32Array;
  /** Seconds since the epoch. */
  readonly expiresAt: Uint32Array;
  readonly inputs: Float64Array;
  /** Of all of them. */
  readonly stamp: number;
}

export function encodeEntry(entries: Entries, i: number, to: Buffer, at = 0): void {
  to.writeFloatLE(entries.scores[i]!, at);
  to.writeUInt32LE(entries.expiresAt[i]!, at + 4);
  to.writeDoubleLE(entries.stamp, at + STAMP_OFFSET);
  to.writeDoubleLE(entries.inputs[i]!, at + 16);
}

export function decodePrediction(bytes: Buffer): Prediction {
  if (bytes.length !== PREDICTION_BYTES) throw new Error(`a prediction has ${PREDICTION_BYTES} bytes, and this one ${bytes.length}: another program wrote it`);
  const score = bytes.readFloatLE(0);
  return {
    score: Number.isNaN(score) ? null : score,
    expiresAt: bytes.readUInt32LE(4),
    stamp: bytes.readDoubleLE(STAMP_OFFSET),
    input: bytes.readDoubleLE(16),
  };
}

/** Entries from `first` up to `end`, sharing the columns. */
export const sliceEntries = (entries: Entries, first: number, end: number): Entries => ({
  keys: entries.keys.slice(first, end),
  scores: entries.scores.subarray(first, end),
  expiresAt: entries.expiresAt.subarray(first, end),
  inputs: entries.inputs.subarray(first, end),
  stamp: entries.stamp,
});
