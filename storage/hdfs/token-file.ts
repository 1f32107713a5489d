/**
 * A delegation token out of a file: its URL form as text, or Hadoop's own token storage (HADOOP_TOKEN_FILE_LOCATION), both
 * formats of it: org.apache.hadoop.security.Credentials, writable (0) and protobuf (1). Pure.
 */
interface Token {
  readonly identifier: Buffer;
  readonly password: Buffer;
  readonly kind: string;
  readonly service: string;
}
const KIND = /^(HDFS_DELEGATION_TOKEN|WEBHDFS delegation|SWEBHDFS delegation)$/;

/** The token's URL form. Throws an Error that says what is wrong with the content. */
export function readTokenFile(content: Buffer): string {
  if (content.subarray(0, 4).toString('latin1') !== 'HDTS') {
    const text = content.toString('utf8').trim();
    if (!/^[A-Za-z0-9_-]{20,}$/.test(text)) throw new Error('it is neither the text of a token nor a token storage of Hadoop');
    return text;
  }
  const bytes = new Bytes(content.subarray(5));
  const tokens = content[4] === 0 ? writable(bytes) : content[4] === 1 ? protobuf(bytes) : null;
  if (!tokens) throw new Error(`it has format ${content[4]}, and 0 and 1 are known`);
  const found = tokens.find(({ kind }) => KIND.test(kind));
  if (!found) throw new Error(`it has no token of HDFS, only ${tokens.map(({ kind }) => kind).join(', ') || 'nothing'}`);
  return urlForm(found);
}

/** org.apache.hadoop.security.token.Token#encodeToUrlString. */
const urlForm = ({ identifier, password, kind, service }: Token): string =>
  Buffer.concat([identifier, password, Buffer.from(kind, 'utf8'), Buffer.from(service, 'utf8')].flatMap((part) => [vint(part.length), part])).toString(
    'base64url',
  );

function writable(bytes: Bytes): Token[] {
  return Array.from({ length: bytes.vint() }, () => {
    bytes.take(bytes.vint()); // the alias
    const part = (): Buffer => bytes.take(bytes.vint());
    return { identifier: part(), password: part(), kind: part().toString('utf8'), service: part().toString('utf8') };
  });
}

/** CredentialsProto of Security.proto: field 1 repeated { 1: alias, 2: TokenProto { 1 identifier, 2 password, 3 kind, 4 service } }. */
function protobuf(delimited: Bytes): Token[] {
  return fields(new Bytes(delimited.take(delimited.varint())), 1).flatMap((pair) =>
    fields(new Bytes(pair), 2).map((token) => {
      const part = (number: number): Buffer => fields(new Bytes(token), number)[0] ?? Buffer.alloc(0);
      return { identifier: part(1), password: part(2), kind: part(3).toString('utf8'), service: part(4).toString('utf8') };
    }),
  );
}

function fields(bytes: Bytes, number: number): Buffer[] {
  const found: Buffer[] = [];
  while (bytes.more()) {
    const tag = bytes.varint();
    if ((tag & 7) !== 2) throw new Error('its protobuf has a field of an unknown type');
    const value = bytes.take(bytes.varint());
    if (tag >> 3 === number) found.push(value);
  }
  return found;
}

class Bytes {
  private at = 0;
  private readonly from: Buffer;
  constructor(from: Buffer) {
    this.from = from;
  }
  more(): boolean {
    return this.at < this.from.length;
  }
  take(length: number): Buffer {
    if (length < 0 || this.at + length > this.from.length) throw new Error('it is cut off');
    return this.from.subarray(this.at, (this.at += length));
  }
  byte(): number {
    return this.take(1)[0] ?? 0;
  }
  /** org.apache.hadoop.io.WritableUtils#readVInt, for lengths. */
  vint(): number {
    const first = (this.byte() << 24) >> 24;
    if (first >= -112) return first;
    let value = 0;
    for (let i = first; i < -112; i++) value = value * 256 + this.byte();
    return value;
  }
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }
}

/** org.apache.hadoop.io.WritableUtils#writeVInt, for lengths. */
function vint(value: number): Buffer {
  if (value <= 127) return Buffer.from([value]);
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([256 - 112 - bytes.length, ...bytes]);
}
