/**
 * Parquet bytes <-> Arrow batches through parquet-wasm: zstd, dictionaries only for texts, row groups of at most 131,072 rows.
 * Every wasm table is freed: linear memory never shrinks. Workers.
 */
import { RecordBatchReader, Table as ArrowTable, tableToIPC, type RecordBatch } from 'apache-arrow';
import { Compression, readParquet, Table as WasmTable, writeParquet, WriterPropertiesBuilder } from 'parquet-wasm';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';

const ROWS_PER_GROUP = 131_072;

export function writeParquetBytes(types: readonly ColumnType[], batches: readonly RecordBatch[]): Uint8Array {
  let properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setMaxRowGroupSize(ROWS_PER_GROUP).setDictionaryEnabled(false);
  for (const { name, kind } of types) if (kind === 'string') properties = properties.setColumnDictionaryEnabled(name, true);
  // writeParquet consumes the table: it must not be freed again
  return writeParquet(WasmTable.fromIPCStream(tableToIPC(new ArrowTable(batches), 'stream')), properties.build());
}

/** All batches of a file, only these columns. Throws HDL-BAD-FILE for what is no whole Parquet file. */
export function* readParquetBytes(bytes: Uint8Array, columns: readonly string[], file: string): Generator<RecordBatch> {
  if (bytes.length < 12 || text(bytes.subarray(0, 4)) !== 'PAR1' || text(bytes.subarray(-4)) !== 'PAR1') {
    throw new HeddleError('HDL-BAD-FILE', { what: bytes.length === 0 ? 'The file is empty.' : 'The file is no Parquet, or it is cut off.', where: file });
  }
  let stream: Uint8Array;
  try {
    stream = readParquet(bytes, { columns: [...columns], batchSize: 65_536 }).intoIPCStream(); // consumes its table
  } catch (error) {
    throw new HeddleError('HDL-BAD-FILE', {
      what: `The file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      where: file,
      cause: error,
    });
  }
  yield* RecordBatchReader.from(stream);
}
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
