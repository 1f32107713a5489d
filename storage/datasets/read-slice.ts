/** Reads a slice as it was pinned: column batches, one file after the other, a row group or two of it in memory. Workers. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { columnTypes } from '../parquet/column-types.ts';
import type { AnyBatch } from '../parquet/from-arrow.ts';
import { checkPredicates, type Predicate } from '../parquet/predicate.ts';
import { readParquet } from '../parquet/read-parquet.ts';
import type { Store } from '../store.ts';
import { FOREIGN, foreignFiles } from './foreign-partition.ts';
import { generationUri, historyOf } from './layout.ts';
import { readManifest } from './manifest.ts';
import { lastAfter, openFile, type PartitionPlace, type Place } from './open-file.ts';
import { partitionUri } from './partition-path.ts';
import { partitionsOf } from './slice-partitions.ts';

export interface ReadOptions {
  readonly columns?: readonly string[];
  readonly where?: readonly Predicate[];
  /** Files up to here are read at once, larger ones by ranges. */
  readonly wholeBytes?: number;
}

/**
 * `columns`: only these; `where`: only rows that satisfy all of it, and only row groups that can have one are read. Throws
 * HDL-BAD-WHERE; HDL-PARTITION-CHANGED when a partition is neither in place as it was pinned nor kept as an old generation;
 * HDL-FILE-SCHEMA, HDL-BAD-FILE for a file that is not what the dataset says.
 */
export async function* readSlice(store: Store, dataset: DatasetDef, slice: SliceHandle, options: ReadOptions = {}): AsyncGenerator<AnyBatch> {
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
  const wanted = { ...(options.columns && { columns: options.columns }), where };
  const everything = where.length === 0 && all.every(({ name }) => options.columns?.includes(name) ?? true);
  for (const pinned of await partitionsOf(store, slice)) {
    let place = await locate(store, slice, pinned);
    const at: PartitionPlace = {
      now: () => place,
      async moved(why) {
        const now = await locate(store, slice, pinned); // a replacement takes it away while it is read
        if (now.folder === place.folder) throw changed(slice, pinned, why);
        return (place = now);
      },
      isPinned: async ({ folder, foreign }) =>
        foreign ? typeof (await foreignFiles(store, folder, pinned)) !== 'string' : (await readManifest(store, folder))?.digest === pinned.manifest,
    };
    for (const file of place.files) {
      const { source, finish } = await openFile(store, at, file, everything, options.wholeBytes);
      yield* lastAfter(readParquet(source, all, { ...wanted, rows: file.rows }), finish);
    }
  }
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

const changed = (slice: SliceHandle, pinned: PinnedPartition, how: string): HeddleError =>
  new HeddleError('HDL-PARTITION-CHANGED', {
    what: `${slice.dataset} ${pinned.path} was rewritten after this run pinned it: ${how}.`,
    where: partitionUri(slice.uri, pinned.path),
  });
