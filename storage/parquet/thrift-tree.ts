/**
 * Thrift's compact protocol as a tree that can be changed and written again: what a Parquet footer is made of. Fields that
 * nobody here knows are kept as they are. Pure. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const STRUCT = 12;

export interface ThriftStruct {
  readonly fields: readonly ThriftField[];
}
export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly value: ThriftValue;
}
export interface ThriftList {
  readonly element: number;
  readonly items: readonly ThriftValue[];
}
/** A number is a whole one of 16, 32 or 64 bits. Bytes hold a text, a double or a byte. */
export type ThriftValue = number | boolean | Uint8Array | ThriftStruct | ThriftList;

/** Throws RangeError for bytes that are no struct. */
export function decodeThrift(bytes: Uint8Array): ThriftStruct {
  let at = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new RangeError('a struct goes on beyond its bytes');
    return byte;
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError('a text goes on beyond its bytes');
    return bytes.subarray(at, (at += length));
  };
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = next();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (!Number.isSafeInteger(value)) throw new RangeError('a number beyond 2^53');
    return value;
  };
  const zigzag = (): number => {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const value = (type: number, inList: boolean, depth: number): ThriftValue => {
    if (depth > 32) throw new RangeError('structs within structs without an end');
    switch (type) {
      case TRUE:
      case FALSE:
        return inList ? next() === TRUE : type === TRUE;
      case BYTE:
        return take(1);
      case DOUBLE:
        return take(8);
      case BINARY:
        return take(varint());
      case LIST:
      case SET: {
        const head = next();
        const count = head >> 4 === 15 ? varint() : head >> 4;
        if (count > bytes.length - at) throw new RangeError('a list that is longer than its bytes');
        return { element: head & 15, items: Array.from({ length: count }, () => value(head & 15, true, depth + 1)) };
      }
      case STRUCT:
        return struct(depth + 1);
      default:
        if (type >= 4 && type <= 6) return zigzag();
        throw new RangeError(`a value of the unknown type ${type}`);
    }
  };
  const struct = (depth: number): ThriftStruct => {
    const fields: ThriftField[] = [];
    let id = 0;
    for (let head = next(); head !== 0; head = next()) {
      id = head >> 4 === 0 ? zigzag() : id + (head >> 4);
      fields.push({ id, type: head & 15, value: value(head & 15, false, depth) });
    }
    return { fields };
  };
  return struct(0);
}

export function encodeThrift(root: ThriftStruct): Uint8Array {
  const parts: Uint8Array[] = [];
  let page = new Uint8Array(4096);
  let used = 0;
  const flush = (): void => {
    parts.push(page.subarray(0, used));
    page = new Uint8Array(4096);
    used = 0;
  };
  const put = (byte: number): void => {
    if (used === page.length) flush();
    page[used++] = byte;
  };
  const varint = (value: number): void => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) put((rest % 128) | 0x80);
    put(rest);
  };
  const zigzag = (value: number): void => varint(value < 0 ? -value * 2 - 1 : value * 2);
  const bytes = (value: Uint8Array): void => {
    flush();
    parts.push(value);
  };
  const write = (type: number, value: ThriftValue, inList: boolean): void => {
    if (typeof value === 'boolean') {
      if (inList) put(value ? TRUE : FALSE);
    } else if (typeof value === 'number') zigzag(value);
    else if (value instanceof Uint8Array) {
      if (type === BINARY) varint(value.length);
      bytes(value);
    } else if ('fields' in value) struct(value);
    else {
      put((Math.min(value.items.length, 15) << 4) | value.element);
      if (value.items.length >= 15) varint(value.items.length);
      for (const item of value.items) write(value.element, item, true);
    }
  };
  const struct = ({ fields }: ThriftStruct): void => {
    let last = 0;
    for (const { id, type, value } of fields) {
      const kind = typeof value === 'boolean' ? (value ? TRUE : FALSE) : type;
      if (id > last && id - last <= 15) put(((id - last) << 4) | kind);
      else {
        put(kind);
        zigzag(id);
      }
      last = id;
      write(type, value, false);
    }
    put(0);
  };
  struct(root);
  flush();
  return Buffer.concat(parts);
}

export const fieldOf = (of: ThriftStruct, id: number): ThriftValue | undefined => of.fields.find((field) => field.id === id)?.value;

/** With the fields of `changes` (by id) put in place of those that are there; null takes one away. None is added. */
export const changed = (of: ThriftStruct, changes: Readonly<Record<number, ThriftValue | null>>): ThriftStruct => ({
  fields: of.fields
    .map((field) => ({ ...field, value: changes[field.id] === undefined ? field.value : (changes[field.id] as ThriftValue | null) }))
    .filter((field): field is ThriftField => field.value !== null),
});
