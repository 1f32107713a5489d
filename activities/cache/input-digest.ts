/**
 * Digest of what a score was made from: the normalised input row and the model. Equal digests mean an equal score, so the entry of
 * the version before may be taken over. 52 bits, which a float64 holds exactly; a collision is found by the verification. Pure.
 */

/** `model`: the SHA-256 of its file, hexadecimal. One digest a row of `x` (rows x width), which is float32, bit by bit. */
export function inputDigests(x: Float32Array, width: number, model: string): Float64Array {
  const words = new Uint32Array(x.buffer, x.byteOffset, x.length);
  const out = new Float64Array(x.length / width);
  const high0 = Number.parseInt(model.slice(0, 8), 16) >>> 0;
  const low0 = Number.parseInt(model.slice(8, 16), 16) >>> 0;
  for (let row = 0; row < out.length; row++) {
    let high = high0;
    let low = low0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      const word = words[i]!;
      high = Math.imul(high ^ word, 0x85ebca6b);
      high ^= high >>> 15;
      low = Math.imul((low + word) | 0, 0xc2b2ae35);
      low ^= low >>> 13;
    }
    out[row] = (high >>> 0) * 2 ** 20 + ((low >>> 0) & 0xfffff);
  }
  return out;
}
