/**
 * Parquet's hybrid of runs and packed bits, both ways: numbers of a dictionary, and definition levels.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings. Pure; scoring threads.
 */

/** Fills `out` from bytes at..end. Throws a plain Error when they end too early. */
export function decodeRle(bytes: Uint8Array, at: number, end: number, width: number, out: Uint32Array): void {
  if (width > 24) throw new Error(`numbers of ${width} bits in a dictionary`);
  const byteWidth = (width + 7) >> 3;
  let seen = 0;
  while (seen < out.length) {
    let header = 0;
    let shift = 0;
    for (;;) {
      if (at >= end || shift > 28) throw new Error('a page ends within its numbers');
      const byte = bytes[at++]!;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    const length = header >>> 1;
    if (length === 0) throw new Error('a run of no numbers');
    if (header & 1) {
      const count = Math.min(length * 8, out.length - seen);
      if (at + Math.ceil((count * width) / 8) > end) throw new Error('a page ends within its numbers');
      unpack(bytes, at, width, out, seen, count);
      at += length * width;
      seen += count;
    } else {
      if (at + byteWidth > end) throw new Error('a page ends within its numbers');
      let value = 0;
      for (let i = 0; i < byteWidth; i++) value |= bytes[at++]! << (8 * i);
      const to = Math.min(seen + length, out.length);
      if (to - seen > 64) out.fill(value, seen, to);
      else for (let i = seen; i < to; i++) out[i] = value;
      seen = to;
    }
  }
}

function unpack(bytes: Uint8Array, at: number, width: number, out: Uint32Array, to: number, count: number): void {
  const mask = (1 << width) - 1;
  const end = to + count;
  let buffer = 0;
  let bits = 0;
  while (to < end) {
    while (bits < width) {
      buffer |= bytes[at++]! << bits;
      bits += 8;
    }
    out[to++] = buffer & mask;
    buffer >>>= width;
    bits -= width;
  }
}

/** `before`, then one packed run. Every number must be below 2^width, width at most 24. */
export function encodePacked(numbers: Uint32Array, width: number, before: readonly number[] = []): Uint8Array {
  const groups = Math.ceil(numbers.length / 8);
  const head = [...before, ...varint((groups << 1) | 1)];
  const out = new Uint8Array(head.length + groups * width);
  out.set(head);
  let at = head.length;
  if (width === 8) {
    for (let i = 0; i < numbers.length; i++) out[at + i] = numbers[i]!;
    return out;
  }
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < numbers.length; i++) {
    buffer |= numbers[i]! << bits;
    bits += width;
    while (bits >= 8) {
      out[at++] = buffer & 0xff;
      buffer >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) out[at] = buffer & 0xff;
  return out;
}

/** Definition levels of an optional column, as runs. null: every row is there. */
export function encodeLevels(valid: Uint8Array | null, rows: number): Uint8Array {
  const bytes: number[] = [];
  let from = 0;
  while (from < rows) {
    const level = valid ? valid[from]! : 1;
    let to = valid ? from + 1 : rows;
    while (valid && to < rows && valid[to] === level) to++;
    bytes.push(...varint((to - from) << 1), level);
    from = to;
  }
  return Uint8Array.from(bytes);
}

/** True: the levels are one run that says that all rows are there. */
export function areAllPresent(levels: Uint8Array, rows: number): boolean {
  const head = varint(rows << 1);
  return levels.length >= head.length + 1 && head.every((byte, i) => levels[i] === byte) && levels[head.length] === 1;
}

/** Bits that numbers below `count` need; at least 1. */
export const bitsFor = (count: number): number => Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
