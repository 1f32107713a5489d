/**
 * Arrow batches -> bytes of a Parquet file as they come, through parquet-wasm: zstd, row groups of at most 131,072 rows, and
 * for each column the encoding that its first batch asks for. Every wasm table is freed: linear memory never shrinks. Workers.
 */
import { Table as ArrowTable, tableToIPC, type RecordBatch } from 'apache-arrow';
import { Compression, Encoding, Table as WasmTable, transformParquetStream, WriterPropertiesBuilder, type WriterProperties } from 'parquet-wasm';
import type { ColumnType } from './column-types.ts';

const ROWS_PER_GROUP = 131_072;
/** Values looked at to decide for or against a dictionary. */
const SAMPLE = 4096;

/** `batches` gives at least one, which may be empty. What it throws comes out as it is. */
export async function* parquetBytes(types: readonly ColumnType[], batches: AsyncIterator<RecordBatch>): AsyncGenerator<Uint8Array> {
  const first = await batches.next();
  if (first.done) throw new Error('a Parquet file needs a batch, if an empty one');
  let waiting: RecordBatch | null = first.value;
  let failed: { readonly error: unknown } | null = null;
  const source = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const batch: RecordBatch | null = waiting ?? ((await batches.next()).value as RecordBatch | undefined) ?? null;
          waiting = null;
          if (!batch) return controller.close();
          const table = WasmTable.fromIPCStream(tableToIPC(new ArrowTable([batch]), 'stream'));
          for (const one of table.recordBatches()) controller.enqueue(one); // the writer takes and frees them
          table.free();
        } catch (error) {
          failed = { error };
          controller.close(); // an error would cross the border as a text
        }
      },
    },
    { highWaterMark: 0 },
  );
  const bytes = await transformParquetStream(source, propertiesFor(types, first.value));
  for await (const part of bytes as AsyncIterable<Uint8Array>) {
    if (failed) break;
    yield part;
  }
  if (failed) throw (failed as { readonly error: unknown }).error; // set inside of pull, which the compiler does not follow
}

function propertiesFor(types: readonly ColumnType[], batch: RecordBatch): WriterProperties {
  let properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setMaxRowGroupSize(ROWS_PER_GROUP).setDictionaryEnabled(false);
  for (const { name, kind } of types) {
    if (isRepetitive(batch, name)) properties = properties.setColumnDictionaryEnabled(name, true);
    else if (kind === 'int' || kind === 'int32' || kind === 'timestamp') properties = properties.setColumnEncoding(name, Encoding.DELTA_BINARY_PACKED);
  }
  return properties.build();
}

/** A dictionary pays where at most a quarter of the values is different. */
function isRepetitive(batch: RecordBatch, name: string): boolean {
  const vector = batch.getChild(name);
  if (!vector || vector.length === 0) return false;
  const length = Math.min(SAMPLE, vector.length);
  const seen = new Set<unknown>();
  for (let i = 0; i < length; i++) {
    const value: unknown = vector.get(i);
    if (typeof value === 'boolean' || (typeof value === 'object' && value !== null)) return false;
    seen.add(value);
  }
  return seen.size <= Math.max(1, length / 4);
}
