/** Reads a slice as it was pinned: column batches, one file after the other, one file in memory at a time. Workers. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { columnTypes } from '../parquet/column-types.ts';
import { sourceOfBytes } from '../parquet/footer.ts';
import type { AnyBatch } from '../parquet/from-arrow.ts';
import { checkPredicates, type Predicate } from '../parquet/predicate.ts';
import { readParquet } from '../parquet/read-parquet.ts';
import { sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { FOREIGN, foreignFiles, isSameForeign } from './foreign-partition.ts';
import { generationUri, historyOf } from './layout.ts';
import { readManifest, type ManifestFile } from './manifest.ts';
import { partitionUri } from './partition-path.ts';
import { partitionsOf } from './slice-partitions.ts';

/**
 * `columns`: only these; `where`: only rows that satisfy all of it. Throws HDL-BAD-WHERE;  HDL-PARTITION-CHANGED when a partition is neither in place as it was pinned nor kept as an old
 * generation; HDL-FILE-SCHEMA, HDL-BAD-FILE for a file that is not what the dataset says.
 */
export async function* readSlice(
  store: Store,
  dataset: DatasetDef,
  slice: SliceHandle,
  options: { readonly columns?: readonly string[]; readonly where?: readonly Predicate[] } = {},
): AsyncGenerator<AnyBatch> {
  const all = columnTypes(dataset.schema, dataset.name);
  const unknown = options.columns?.find((name) => !all.some((type) => type.name === name));
  if (unknown !== undefined) {
    throw new HeddleError('HDL-FILE-SCHEMA', {
      what: `${dataset.name} has no column ${unknown}.`,
      where: `dataset ${dataset.name}`,
      fix: `Its columns: ${all.map(({ name }) => name).join(', ')}.`,
    });
  }
  const where = checkPredicates(options.where ?? [], all, dataset.name);
  for (const pinned of await partitionsOf(store, slice)) {
    let place = await locate(store, slice, pinned);
    for (const file of place.files) {
      let bytes = await bytesOf(store, place, file);
      while (typeof bytes === 'string') {
        const moved = await locate(store, slice, pinned); // a replacement takes it away while it is read
        if (moved.folder === place.folder) throw changed(slice, pinned, bytes);
        place = moved;
        bytes = await bytesOf(store, place, file);
      }
      yield* readParquet(sourceOfBytes(childUri(place.folder, file.name), bytes), all, {
        ...(options.columns && { columns: options.columns }),
        rows: file.rows,
        where,
      });
    }
  }
}

interface Place {
  readonly folder: string;
  readonly files: readonly ManifestFile[];
  /** Another system's: its checksums are those of the file system. */
  readonly foreign: boolean;
}

/** In place, or in the generation that a replacement moved it to. */
async function locate(store: Store, slice: SliceHandle, pinned: PinnedPartition): Promise<Place> {
  const inPlace = partitionUri(slice.uri, pinned.path);
  if (pinned.generation === FOREIGN) return locateForeign(store, slice, pinned, inPlace);
  const ownNumber = generationUri(slice.uri, pinned.path, pinned.generation);
  const old = async (): Promise<string[]> =>
    (await historyOf(store, slice.uri, pinned.path)).old.map((number) => generationUri(slice.uri, pinned.path, number));
  // a rollback gives a generation another number; a replacement may be under way: in place once more
  for (const folders of [async () => [inPlace, ownNumber], old, async () => [inPlace]]) {
    for (const folder of await folders()) {
      const found = await readManifest(store, folder);
      if (found?.digest === pinned.manifest) return { folder, files: found.manifest.files, foreign: false };
    }
  }
  const now = await store.stat(inPlace);
  throw changed(slice, pinned, now ? 'its manifest is another one, and no old generation has the one that was pinned' : 'it is not there any more');
}

/** Where it was, or kept by a publish of ours that replaced it. */
async function locateForeign(store: Store, slice: SliceHandle, pinned: PinnedPartition, inPlace: string): Promise<Place> {
  const { old } = await historyOf(store, slice.uri, pinned.path);
  let why = '';
  for (const folder of [inPlace, ...old.map((number) => generationUri(slice.uri, pinned.path, number))]) {
    const found = await foreignFiles(store, folder, pinned);
    if (typeof found !== 'string') return { folder, files: found, foreign: true };
    why ||= found;
  }
  throw changed(slice, pinned, why);
}

/** The file, when it is the one of the manifest by size and checksum; else what is wrong with it. */
async function bytesOf(store: Store, { folder, foreign }: Place, file: ManifestFile): Promise<Uint8Array | string> {
  const uri = childUri(folder, file.name);
  let bytes: Uint8Array;
  try {
    bytes = await store.read(uri);
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return `${file.name} is not there any more`;
    throw error;
  }
  if (bytes.length !== file.bytes) return `${file.name} has ${bytes.length} bytes, and its manifest says ${file.bytes}`;
  const isSame = foreign && !file.digest.startsWith('sha256:') ? await isSameForeign(store, uri, file) : `sha256:${sha256Hex(bytes)}` === file.digest;
  return isSame ? bytes : `${file.name} is not the file of its manifest`;
}

const changed = (slice: SliceHandle, pinned: PinnedPartition, how: string): HeddleError =>
  new HeddleError('HDL-PARTITION-CHANGED', {
    what: `${slice.dataset} ${pinned.path} was rewritten after this run pinned it: ${how}.`,
    where: partitionUri(slice.uri, pinned.path),
  });
