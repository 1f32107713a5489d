/**
 * A slice's files, to be read by ranges: each range is of the pinned file, wherever a replacement has moved it meanwhile.
 * Workers; ctx.files gives them to steps.
 */
import type { SliceFile } from '../../dsl/authoring/context.ts';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import type { ManifestFile } from './manifest.ts';
import { openFile, type OpenFile, type PartitionPlace } from './open-file.ts';
import { placeOf } from './pinned-place.ts';
import { partitionsOf } from './slice-partitions.ts';

/** Small files are held whole: so many of them at once. */
const OPEN_AT_ONCE = 4;
/** Read at once to make a checksum. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** In the order of the slice's rows. Throws HDL-PARTITION-CHANGED. */
export async function sliceFiles(store: Store, slice: SliceHandle): Promise<readonly SliceFile[]> {
  const files: SliceFile[] = [];
  const open = new Map<SliceFile, Promise<OpenFile>>();
  for (const pinned of await partitionsOf(store, slice)) {
    const at = await placeOf(store, slice, pinned);
    for (const file of at.now().files) {
      const made: SliceFile = {
        name: childUri(at.now().folder, file.name),
        partition: pinned.path,
        rows: file.rows,
        bytes: file.bytes,
        digest: file.digest,
        read: async (offset, length) => (await opened(made, at, file)).source.read(offset, offset + length),
        verify: () => verify(store, at, file),
      };
      files.push(made);
    }
  }
  return files;

  function opened(file: SliceFile, at: PartitionPlace, entry: ManifestFile): Promise<OpenFile> {
    const known = open.get(file);
    if (known) return known;
    const opening = openFile(store, at, entry, false);
    opening.catch(() => open.delete(file)); // the next read tries again
    open.set(file, opening);
    const [oldest] = open.keys();
    if (open.size > OPEN_AT_ONCE && oldest) open.delete(oldest);
    return opening;
  }
}

async function verify(store: Store, at: PartitionPlace, file: ManifestFile): Promise<void> {
  const { source, finish } = await openFile(store, at, file, true);
  // the last piece is read by finish; a file that was read whole is checked already
  for (let from = 0; from + PIECE_BYTES < file.bytes; from += PIECE_BYTES) await source.read(from, from + PIECE_BYTES);
  await finish();
}
