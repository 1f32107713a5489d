/** Reads a slice as it was pinned: column batches, one file after the other, one file in memory at a time. Workers. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { columnTypes } from '../parquet/column-types.ts';
import type { AnyBatch } from '../parquet/from-arrow.ts';
import { readParquet } from '../parquet/read-parquet.ts';
import { sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { generationsOf, oldGenerations } from './layout.ts';
import { readManifest, type Manifest, type ManifestFile } from './manifest.ts';
import { partitionUri } from './partition-path.ts';
import { partitionsOf } from './slice-partitions.ts';

/**
 * `columns`: only these. Throws HDL-PARTITION-CHANGED when a partition is neither in place as it was pinned nor kept as an old
 * generation; HDL-FILE-SCHEMA, HDL-BAD-FILE for a file that is not what the dataset says.
 */
export async function* readSlice(
  store: Store,
  dataset: DatasetDef,
  slice: SliceHandle,
  options: { readonly columns?: readonly string[] } = {},
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
  const types = options.columns ? all.filter(({ name }) => options.columns?.includes(name)) : all;
  for (const pinned of await partitionsOf(store, slice)) {
    let place = await locate(store, slice, pinned);
    for (const file of place.manifest.files) {
      let bytes = await bytesOf(store, place.folder, file);
      while (typeof bytes === 'string') {
        const moved = await locate(store, slice, pinned); // a replacement takes it away while it is read
        if (moved.folder === place.folder) throw changed(slice, pinned, bytes);
        place = moved;
        bytes = await bytesOf(store, place.folder, file);
      }
      yield* readParquet({ name: childUri(place.folder, file.name), bytes }, types, { rows: file.rows });
    }
  }
}

/** In place, or in the generation that a replacement moved it to. */
async function locate(store: Store, slice: SliceHandle, pinned: PinnedPartition): Promise<{ folder: string; manifest: Manifest }> {
  const generations = generationsOf(slice.uri, pinned.path);
  const inPlace = partitionUri(slice.uri, pinned.path);
  const old = async (): Promise<string[]> => (await oldGenerations(store, slice.uri, pinned.path)).map((number) => childUri(generations, String(number)));
  for (const folders of [async () => [inPlace], old, async () => [inPlace]]) {
    // a replacement may be under way: in place once more
    for (const folder of await folders()) {
      const found = await readManifest(store, folder);
      if (found?.digest === pinned.manifest) return { folder, manifest: found.manifest };
    }
  }
  const now = await store.stat(inPlace);
  throw changed(slice, pinned, now ? 'its manifest is another one, and no old generation has the one that was pinned' : 'it is not there any more');
}

/** The file, when it is the one of the manifest by size and checksum; else what is wrong with it. */
async function bytesOf(store: Store, folder: string, file: ManifestFile): Promise<Uint8Array | string> {
  let bytes: Uint8Array;
  try {
    bytes = await store.read(childUri(folder, file.name));
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return `${file.name} is not there any more`;
    throw error;
  }
  if (bytes.length !== file.bytes) return `${file.name} has ${bytes.length} bytes, and its manifest says ${file.bytes}`;
  return `sha256:${sha256Hex(bytes)}` === file.digest ? bytes : `${file.name} is not the file of its manifest`;
}

const changed = (slice: SliceHandle, pinned: PinnedPartition, how: string): HeddleError =>
  new HeddleError('HDL-PARTITION-CHANGED', {
    what: `${slice.dataset} ${pinned.path} was rewritten after this run pinned it: ${how}.`,
    where: partitionUri(slice.uri, pinned.path),
  });
