/** Files of a slice under test: its rows, which are in memory, as one Parquet file, so that code that reads files can run. */
import type { RecordBatch } from 'apache-arrow';
import { datasetDef } from '../activities/step/dataset-def.ts';
import type { SliceFile } from '../dsl/authoring/context.ts';
import type { Dataset } from '../dsl/authoring/dataset.ts';
import type { PinnedPartition, SliceHandle } from '../dsl/contract/step.ts';
import { sha256Hex } from '../storage/digest.ts';
import { arrowSchema } from '../storage/parquet/column-arrow.ts';
import { columnTypes } from '../storage/parquet/column-types.ts';
import { columnsOfRows, toRecordBatch } from '../storage/parquet/to-arrow.ts';
import { parquetBytes } from '../storage/parquet/write-parquet.ts';

/** One file, which may be without rows. Throws HDL-BAD-ROW. */
export async function memoryFiles(from: Dataset, slice: SliceHandle, rows: readonly object[]): Promise<readonly SliceFile[]> {
  const types = columnTypes(datasetDef(from).schema, from.name);
  const batch: RecordBatch = toRecordBatch(types, arrowSchema(types), columnsOfRows(types, rows), from.name, 0);
  async function* once(): AsyncGenerator<RecordBatch> {
    yield batch;
  }
  const parts: Uint8Array[] = [];
  for await (const part of parquetBytes(types, once())) parts.push(part);
  const bytes = new Uint8Array(Buffer.concat(parts));
  return [
    {
      name: `${slice.uri}/part-00000.parquet`,
      partition: Array.isArray(slice.partitions) ? slice.partitions.map(({ path }: PinnedPartition) => path).join() : '',
      rows: rows.length,
      bytes: bytes.length,
      digest: `sha256:${sha256Hex(bytes)}`,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
      verify: async () => undefined,
    },
  ];
}
