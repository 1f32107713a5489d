/** What the prediction cache holds for a key: 8 bytes, score as float32 and the second it expires, little-endian. Pure. */
export interface Prediction {
  readonly score: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}
const BYTES = 8;

export function encodePrediction({ score, expiresAt }: Prediction): Buffer {
  const out = Buffer.allocUnsafe(BYTES);
  out.writeFloatLE(score, 0);
  out.writeUInt32LE(expiresAt, 4);
  return out;
}
export function decodePrediction(bytes: Buffer): Prediction {
  if (bytes.length !== BYTES) throw new Error(`a prediction has ${BYTES} bytes, and this one ${bytes.length}: another program wrote it`);
  return { score: bytes.readFloatLE(0), expiresAt: bytes.readUInt32LE(4) };
}
