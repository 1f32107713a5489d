/** Reads a slice as it was pinned: column batches, one file after the other. Workers. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { sha256Hex } from '../digest.ts';
import { columnTypes } from '../parquet/column-types.ts';
import { fromRecordBatch, type AnyBatch } from '../parquet/from-arrow.ts';
import { readParquetBytes } from '../parquet/parquet-file.ts';
import type { Store } from '../store.ts';
import type { Manifest } from './manifest.ts';
import { readManifest } from './publish-partition.ts';
import { partitionsOf } from './slice-partitions.ts';

/** `columns`: only these. Throws HDL-PARTITION-CHANGED when a partition is neither in place nor kept as an old generation. */
export async function* readSlice(
  store: Store,
  dataset: DatasetDef,
  slice: SliceHandle,
  options: { readonly columns?: readonly string[] } = {},
): AsyncGenerator<AnyBatch> {
  const all = columnTypes(dataset.schema, dataset.name);
  const types = options.columns ? all.filter(({ name }) => options.columns?.includes(name)) : all;
  const names = types.map(({ name }) => name);
  for (const pinned of await partitionsOf(store, slice)) {
    const { folder, manifest } = await locate(store, slice, pinned);
    for (const file of manifest.files) {
      const uri = `${folder}/${file.name}`;
      const bytes = await store.read(uri);
      if (`sha256:${sha256Hex(bytes)}` !== file.digest) throw changed(slice, pinned, `${file.name} is not the file of its manifest`);
      for (const batch of readParquetBytes(bytes, names, uri)) yield fromRecordBatch(types, batch, uri);
    }
  }
}

/** In place, or in the generation that a replacement moved it to. */
async function locate(store: Store, slice: SliceHandle, pinned: PinnedPartition): Promise<{ folder: string; manifest: Manifest }> {
  const inPlace = `${slice.uri}/${pinned.path}`;
  for (const folder of [inPlace, `${slice.uri}/.heddle/gen/${encodeURIComponent(pinned.path)}/${pinned.generation}`]) {
    const found = await readManifest(store, folder);
    if (found?.digest === pinned.manifest) return { folder, manifest: found.manifest };
  }
  throw changed(slice, pinned, 'its manifest is another one');
}
const changed = (slice: SliceHandle, pinned: PinnedPartition, how: string): HeddleError =>
  new HeddleError('HDL-PARTITION-CHANGED', {
    what: `${slice.dataset} ${pinned.path} was rewritten after this run pinned it: ${how}.`,
    where: `${slice.uri}/${pinned.path}`,
  });
