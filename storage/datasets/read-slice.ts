/** Reads a slice as it was pinned: column batches, one file after the other, in bounded memory. Workers. */
import { createHash } from 'node:crypto';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { columnTypes } from '../parquet/column-types.ts';
import type { AnyBatch } from '../parquet/from-arrow.ts';
import { readParquet, type ParquetSource } from '../parquet/read-parquet.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { generationsOf, oldGenerations } from './layout.ts';
import { readManifest, type Manifest, type ManifestFile } from './manifest.ts';
import { partitionUri } from './partition-path.ts';
import { partitionsOf } from './slice-partitions.ts';

/** Files up to this size are read once, into memory. */
const IN_MEMORY = 64 * 1024 * 1024;
const HASH_STEP = 8 * 1024 * 1024;

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
    throw new HeddleError('HDL-FILE-SCHEMA', { what: `${dataset.name} has no column ${unknown}.`, where: `dataset ${dataset.name}`, fix: `Its columns: ${all.map(({ name }) => name).join(', ')}.` });
  }
  const types = options.columns ? all.filter(({ name }) => options.columns?.includes(name)) : all;
  for (const pinned of await partitionsOf(store, slice)) {
    const { folder, manifest } = await locate(store, slice, pinned);
    for (const file of manifest.files) yield* readParquet(await sourceOf(store, slice, pinned, folder, file), types, { rows: file.rows });
  }
}

/** In place, or in the generation that a replacement moved it to. */
async function locate(store: Store, slice: SliceHandle, pinned: PinnedPartition): Promise<{ folder: string; manifest: Manifest }> {
  const generations = generationsOf(slice.uri, pinned.path);
  const inPlace = partitionUri(slice.uri, pinned.path);
  const old = async (): Promise<string[]> => (await oldGenerations(store, slice.uri, pinned.path)).map((number) => childUri(generations, String(number)));
  for (const folders of [async () => [inPlace], old, async () => [inPlace]]) { // a replacement may be under way: in place once more
    for (const folder of await folders()) {
      const found = await readManifest(store, folder);
      if (found?.digest === pinned.manifest) return { folder, manifest: found.manifest };
    }
  }
  const now = await store.stat(inPlace);
  throw changed(slice, pinned, now ? 'its manifest is another one, and no old generation has the one that was pinned' : 'it is not there any more');
}

/** The file, when it is the one of the manifest: size and checksum. */
async function sourceOf(store: Store, slice: SliceHandle, pinned: PinnedPartition, folder: string, file: ManifestFile): Promise<ParquetSource> {
  const uri = childUri(folder, file.name);
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    try {
      return await store.read(uri, { offset, length });
    } catch (error) {
      if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') throw changed(slice, pinned, `${file.name} is not there any more`);
      throw error;
    }
  };
  const found = await store.stat(uri);
  if (found?.bytes !== file.bytes) throw changed(slice, pinned, found ? `${file.name} has ${found.bytes} bytes, and its manifest says ${file.bytes}` : `${file.name} is not there`);
  const hash = createHash('sha256');
  const kept = file.bytes <= IN_MEMORY ? await read(0, file.bytes) : null;
  if (kept) hash.update(kept);
  else for (let offset = 0; offset < file.bytes; offset += HASH_STEP) hash.update(await read(offset, HASH_STEP));
  if (`sha256:${hash.digest('hex')}` !== file.digest) throw changed(slice, pinned, `${file.name} is not the file of its manifest`);
  return { name: uri, bytes: file.bytes, slice: async (start, end) => (kept ? kept.subarray(start, end) : read(start, end - start)) };
}

const changed = (slice: SliceHandle, pinned: PinnedPartition, how: string): HeddleError =>
  new HeddleError('HDL-PARTITION-CHANGED', {
    what: `${slice.dataset} ${pinned.path} was rewritten after this run pinned it: ${how}.`,
    where: partitionUri(slice.uri, pinned.path),
  });
