/**
 * As much of Thrift's compact protocol as Parquet's headers and footers need, to write.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. Pure.
 */
export type ThriftValue =
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly i8: number }
  | { readonly bool: boolean }
  | { readonly bytes: Uint8Array | string }
  | { readonly struct: ThriftStruct }
  | { readonly list: readonly ThriftValue[] };
/** Fields by ascending id; undefined ones are left out. Integers are not negative. */
export type ThriftStruct = readonly (readonly [id: number, value: ThriftValue | undefined])[];

export function encodeStruct(struct: ThriftStruct): Uint8Array {
  const out: number[] = [];
  writeStruct(out, struct);
  return Uint8Array.from(out);
}

function writeStruct(out: number[], struct: ThriftStruct): void {
  let last = 0;
  for (const [id, value] of struct) {
    if (value === undefined) continue;
    out.push(((id - last) << 4) | ('bool' in value ? (value.bool ? 1 : 2) : typeOf(value)));
    last = id;
    if (!('bool' in value)) writeValue(out, value);
  }
  out.push(0);
}

function writeValue(out: number[], value: ThriftValue): void {
  if ('i32' in value) writeVarint(out, value.i32 * 2);
  else if ('i64' in value) writeVarint(out, value.i64 * 2);
  else if ('i8' in value) out.push(value.i8);
  else if ('bool' in value) out.push(value.bool ? 1 : 2);
  else if ('bytes' in value) {
    const bytes = typeof value.bytes === 'string' ? new TextEncoder().encode(value.bytes) : value.bytes;
    writeVarint(out, bytes.length);
    for (const byte of bytes) out.push(byte);
  } else if ('struct' in value) writeStruct(out, value.struct);
  else {
    const [first] = value.list;
    const type = first ? typeOf(first) : 12;
    if (value.list.length < 15) out.push((value.list.length << 4) | type);
    else {
      out.push(0xf0 | type);
      writeVarint(out, value.list.length);
    }
    for (const item of value.list) writeValue(out, item);
  }
}

function typeOf(value: ThriftValue): number {
  if ('i8' in value) return 3;
  if ('i32' in value) return 5;
  if ('i64' in value) return 6;
  if ('bytes' in value) return 8;
  if ('list' in value) return 9;
  return 'struct' in value ? 12 : 1;
}

function writeVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}
