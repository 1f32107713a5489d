/** A Parquet file -> column batches as authors get them, with the rows that satisfy every condition, and no others. Workers. */
import type { ColumnType } from './column-types.ts';
import type { FileSource } from './footer.ts';
import { fromRecordBatch, rowsOfBatch, type AnyBatch } from './from-arrow.ts';
import { matchingRows } from './predicate.ts';
import { readBatches, type BatchOptions } from './read-batches.ts';

/**
 * `columns`: only these of `types`, which hold all that a condition may name. Throws HDL-BAD-FILE for what is no whole Parquet
 * file, HDL-FILE-SCHEMA for other columns, HDL-BAD-ROW for an integer that no number holds (when its column is read).
 */
export async function* readParquet(
  file: FileSource,
  types: readonly ColumnType[],
  options: BatchOptions & { readonly columns?: readonly string[] } = {},
): AsyncGenerator<AnyBatch> {
  const { where = [], columns } = options;
  const isWanted = ({ name }: ColumnType): boolean => columns?.includes(name) ?? true;
  const needed = types.filter((type) => isWanted(type) || where.some((predicate) => predicate.type.name === type.name));
  for await (const batch of readBatches(file, needed, options)) {
    const all = fromRecordBatch(needed, batch, file.name);
    const rows = matchingRows(where, batch.numRows, all.columns);
    if (rows?.length === 0) continue;
    const wanted = needed.filter(isWanted);
    yield rows === null && wanted.length === needed.length ? all : rowsOfBatch(all, rows, wanted);
  }
}
