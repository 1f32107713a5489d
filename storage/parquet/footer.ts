/**
 * The footer of a Parquet file, by one or two ranged reads: what the file holds, where, and its statistics. hyparquet reads
 * it; nothing of the data is touched. Workers.
 */
import { parquetMetadata, type FileMetaData } from 'hyparquet';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { exactInstants } from './predicate.ts';

/** Bytes of one file, wherever they lie. */
export interface FileSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Bytes from `start` to before `end`, both within the file. */
  read(start: number, end: number): Promise<Uint8Array>;
}
export interface Footer {
  readonly metadata: FileMetaData;
  /** The thrift struct, without length and magic. */
  readonly raw: Uint8Array;
}
/** 'PAR1' at both ends, and 4 bytes that say how long the footer is. */
const LEAST_BYTES = 12;
/** Read at first: enough for most footers. */
const TAIL_BYTES = 64 * 1024;

export const sourceOfBytes = (name: string, bytes: Uint8Array): FileSource => ({
  name,
  size: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
});

/** Throws HDL-BAD-FILE for what is no whole Parquet file. */
export async function readFooter(source: FileSource): Promise<Footer> {
  const { name, size } = source;
  const bad = (what: string, cause?: unknown): HeddleError => new HeddleError('HDL-BAD-FILE', { what, where: name, cause });
  if (size === 0) throw bad('The file is empty.');
  const tailFrom = Math.max(0, size - TAIL_BYTES);
  const tail = await source.read(tailFrom, size);
  if (tail.length !== size - tailFrom) throw bad(`The file has ${tailFrom + tail.length} bytes, and it should have ${size}.`);
  const head = tailFrom === 0 ? tail.subarray(0, 4) : null; // of a long file the end tells: one request less
  if (size < LEAST_BYTES || (head && !isMagic(head))) throw bad('The file is no Parquet: it does not begin with PAR1.');
  if (!isMagic(tail.subarray(-4))) {
    if (!head && !isMagic(await source.read(0, 4))) throw bad('The file is no Parquet: it does not begin with PAR1.');
    throw bad(`The file is cut off: its ${size} bytes do not end with PAR1.`);
  }
  const length = new DataView(tail.buffer, tail.byteOffset + tail.length - 8, 4).getUint32(0, true);
  if (length > size - LEAST_BYTES) throw bad(`The file is cut off or damaged: its footer would have ${length} bytes, and the file has ${size}.`);
  const from = size - 8 - length;
  const whole = from >= tailFrom ? tail.subarray(from - tailFrom) : Buffer.concat([await source.read(from, tailFrom), tail]);
  try {
    // the parsers give bigints where hyparquet's types say Date: only predicate.ts looks at them
    const metadata = parquetMetadata(whole, { geoparquet: false, parsers: exactInstants as never });
    return { metadata, raw: whole.subarray(0, length) };
  } catch (error) {
    throw bad(`The file's footer cannot be read: ${error instanceof Error ? error.message : String(error)}.`, error);
  }
}

const isMagic = (part: Uint8Array): boolean => part.length === 4 && Buffer.from(part).toString('latin1') === 'PAR1';
