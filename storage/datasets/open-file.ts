/**
 * A file of a pinned partition, to be read: a small one whole and checked at once, a large one by ranges, each checked to be
 * of the pinned partition, and all of it against its checksum at the end. Follows the partition to where a replacement
 * moved it. Workers; read-slice.ts uses it.
 */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { sha256Hex } from '../digest.ts';
import type { FileSource } from '../parquet/footer.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { isSameForeign } from './foreign-partition.ts';
import type { ManifestFile } from './manifest.ts';

export interface Place {
  readonly folder: string;
  readonly files: readonly ManifestFile[];
  /** Another system's: its checksums are those of the file system. */
  readonly foreign: boolean;
}
export interface PartitionPlace {
  now(): Place;
  /** Where it is now. Throws HDL-PARTITION-CHANGED when it is nowhere else. */
  moved(why: string): Promise<Place>;
  /** Whether what lies there is the pinned one, still. */
  isPinned(place: Place): Promise<boolean>;
}
export interface OpenFile {
  readonly source: FileSource;
  /** After the last row group, when all of the file was read: throws HDL-PARTITION-CHANGED when its bytes are not those of its manifest. */
  finish(): Promise<void>;
}
/** Up to here a file is read at once: a request costs more than the bytes. */
const WHOLE_BYTES = 4 * 1024 * 1024;
const HASHED_AT_ONCE = 4 * 1024 * 1024;

/** `all`: every column of every row will be read, so that a checksum can be made on the way. */
export async function openFile(store: Store, at: PartitionPlace, file: ManifestFile, all: boolean, wholeBytes = WHOLE_BYTES): Promise<OpenFile> {
  return file.bytes <= wholeBytes ? wholeFile(store, at, file) : rangedFile(store, at, file, all);
}

const wrongLength = (file: ManifestFile, bytes: number): string => `${file.name} has ${bytes} bytes, and its manifest says ${file.bytes}`;
const otherFile = (file: ManifestFile): string => `${file.name} is not the file of its manifest`;

async function wholeFile(store: Store, at: PartitionPlace, file: ManifestFile): Promise<OpenFile> {
  for (let place = at.now(); ;) {
    const bytes = await readOrWhy(store, place, file);
    const why = typeof bytes === 'string' ? bytes : await whyNotThis(store, place, file, bytes);
    if (why === null && typeof bytes !== 'string') {
      const source: FileSource = { name: childUri(place.folder, file.name), size: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
      return { source, finish: async () => undefined };
    }
    place = await at.moved(why ?? '');
  }
}

async function whyNotThis(store: Store, place: Place, file: ManifestFile, bytes: Uint8Array): Promise<string | null> {
  if (bytes.length !== file.bytes) return wrongLength(file, bytes.length);
  const same = hasOwnChecksum(place, file) ? await isSameForeign(store, childUri(place.folder, file.name), file) : `sha256:${sha256Hex(bytes)}` === file.digest;
  return same ? null : otherFile(file);
}
/** One that only the file system can make. */
const hasOwnChecksum = ({ foreign }: Place, file: ManifestFile): boolean => foreign && !file.digest.startsWith('sha256:');

function rangedFile(store: Store, at: PartitionPlace, file: ManifestFile, all: boolean): OpenFile {
  const hash = all && !hasOwnChecksum(at.now(), file) ? createHash('sha256') : null;
  let hashed = 0;
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    for (let place = at.now(); ;) {
      const bytes = await readOrWhy(store, place, file, { offset: start, length: end - start });
      let why = typeof bytes === 'string' ? bytes : null;
      if (why === null && bytes.length !== end - start) why = `${file.name} ends at byte ${start + bytes.length}, and its manifest says ${file.bytes}`;
      if (why === null && !(await at.isPinned(place))) why = 'it was replaced while it was read';
      if (why === null) return bytes as Uint8Array; // a text is a reason
      place = await at.moved(why);
    }
  };
  /** In the order of the file; row groups come in that order. */
  const take = async (bytes: Uint8Array, start: number): Promise<void> => {
    if (!hash || start < hashed) return;
    if (start > hashed) await take(await read(hashed, start), hashed);
    for (let from = 0; from < bytes.length; from += HASHED_AT_ONCE) {
      hash.update(bytes.subarray(from, from + HASHED_AT_ONCE));
      if (from + HASHED_AT_ONCE < bytes.length) await setImmediate(); // heartbeats go out in between
    }
    hashed = start + bytes.length;
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    source: {
      name: childUri(at.now().folder, file.name),
      size: file.bytes,
      async read(start, end) {
        const bytes = await read(start, end);
        if (!hash || end === file.bytes) return bytes; // the footer, which is read first
        turn = turn.then(() => take(bytes, start));
        await turn;
        return bytes;
      },
    },
    async finish() {
      if (!all) return;
      let same: boolean;
      if (hash) {
        await take(await read(hashed, file.bytes), hashed);
        same = `sha256:${hash.digest('hex')}` === file.digest;
      } else same = await isSameForeign(store, childUri(at.now().folder, file.name), file);
      if (!same) await at.moved(otherFile(file));
    },
  };
}

async function readOrWhy(
  store: Store,
  { folder }: Place,
  file: ManifestFile,
  range?: { readonly offset: number; readonly length: number },
): Promise<Uint8Array | string> {
  try {
    return await store.read(childUri(folder, file.name), range);
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return `${file.name} is not there any more`;
    throw error;
  }
}

/** The last batch waits until the file is checked: a reader that has all of them has a file that is whole. */
export async function* lastAfter<T>(batches: AsyncIterable<T>, finish: () => Promise<void>): AsyncGenerator<T> {
  let held: { readonly batch: T } | null = null;
  for await (const batch of batches) {
    if (held) yield held.batch;
    held = { batch };
  }
  await finish();
  if (held) yield held.batch;
}
