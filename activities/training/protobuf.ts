/**
 * As much of protobuf's wire format as writing an ONNX model needs: varints, length-delimited fields.
 * https://protobuf.dev/programming-guides/encoding. Pure; worker side.
 */
export type Field = readonly [number: number, value: number | string | Uint8Array | Message];
/** Fields in the order in which they are written. */
export type Message = readonly Field[];

export function encodeMessage(fields: Message): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      parts.push(varint(number << 3), varint(value));
      continue;
    }
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : encodeMessage(value);
    parts.push(varint((number << 3) | 2), varint(bytes.length), bytes);
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Non-negative integers up to 2^53. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
