/** Reads a slice as it was pinned: column batches, one file after the other, a row group or two of it in memory. Workers. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { columnTypes } from '../parquet/column-types.ts';
import type { AnyBatch } from '../parquet/from-arrow.ts';
import { checkPredicates, type Predicate } from '../parquet/predicate.ts';
import { readParquet } from '../parquet/read-parquet.ts';
import type { Store } from '../store.ts';
import { lastAfter, openFile } from './open-file.ts';
import { placeOf } from './pinned-place.ts';
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
    const at = await placeOf(store, slice, pinned);
    for (const file of at.now().files) {
      const { source, finish } = await openFile(store, at, file, everything, options.wholeBytes);
      yield* lastAfter(readParquet(source, all, { ...wanted, rows: file.rows }), finish);
    }
  }
}
