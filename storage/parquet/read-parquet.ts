/**
 * Parquet -> column batches, through parquet-wasm: only the columns that are asked for, 65,536 rows at a time, in bounded
 * memory. The file is anything that gives ranges of bytes. Workers.
 */
import { tableFromIPC } from 'apache-arrow';
import { ParquetFile, type RecordBatch as WasmBatch } from 'parquet-wasm';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { checkFileSchema } from './check-file-schema.ts';
import type { ColumnType } from './column-types.ts';
import { fromRecordBatch, type AnyBatch } from './from-arrow.ts';

export interface ParquetSource {
  /** For messages. */
  readonly name: string;
  readonly bytes: number;
  /** Bytes start..end (end not included). */
  slice(start: number, end: number): Promise<Uint8Array>;
}
const ROWS_PER_BATCH = 65_536;
/** 'PAR1' at both ends, and 4 bytes that say how long the footer is. */
const LEAST_BYTES = 12;

/** Throws HDL-BAD-FILE for what is no whole Parquet file, HDL-FILE-SCHEMA for other columns. `rows`: number that must come. */
export async function* readParquet(source: ParquetSource, types: readonly ColumnType[], options: { readonly rows?: number } = {}): AsyncGenerator<AnyBatch> {
  await checkEnds(source);
  const file = await whole(source, () => ParquetFile.fromFile(blobOf(source, 0, source.bytes)));
  let rows = 0;
  try {
    const { schema } = tableFromIPC(file.schema().intoIPCStream());
    checkFileSchema(types, schema, source.name);
    const stream = await whole(source, () => file.stream({ columns: types.map(({ name }) => name), batchSize: ROWS_PER_BATCH }));
    const reader = stream.getReader() as ReadableStreamDefaultReader<WasmBatch>;
    try {
      for (;;) {
        const next = await whole(source, () => reader.read());
        if (next.done) break;
        for (const batch of tableFromIPC(next.value.intoIPCStream()).batches) { // the call frees the wasm side
          rows += batch.numRows;
          if (batch.numRows > 0) yield fromRecordBatch(types, batch, source.name);
        }
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  } finally {
    file.free();
  }
  if (options.rows !== undefined && rows !== options.rows) {
    throw new HeddleError('HDL-BAD-FILE', { what: `The file has ${rows} rows, and its manifest says ${options.rows}.`, where: source.name });
  }
}

/** What breaks inside of the decoder is a broken file; what the store says stays. */
async function whole<T>(source: ParquetSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failed = failures.get(source);
    if (failed) throw failed.error;
    throw new HeddleError('HDL-BAD-FILE', { what: `The file cannot be decoded: ${error instanceof Error ? error.message : String(error)}.`, where: source.name, cause: error });
  }
}
/** The decoder turns an error of the store into a text: the error itself waits here. */
const failures = new WeakMap<ParquetSource, { readonly error: unknown }>();

async function checkEnds(source: ParquetSource): Promise<void> {
  const bad = (what: string): HeddleError => new HeddleError('HDL-BAD-FILE', { what, where: source.name });
  if (source.bytes === 0) throw bad('The file is empty.');
  const magic = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString('latin1') === 'PAR1';
  if (source.bytes < LEAST_BYTES || !magic(await source.slice(0, 4))) throw bad('The file is no Parquet: it does not begin with PAR1.');
  if (!magic(await source.slice(source.bytes - 4, source.bytes))) throw bad(`The file is cut off: its ${source.bytes} bytes do not end with PAR1.`);
}

/** What parquet-wasm needs of a Blob: its size, its slices, their bytes. */
function blobOf(source: ParquetSource, from: number, to: number): Blob {
  const blob = {
    size: to - from,
    slice: (start = 0, end = to - from): Blob => blobOf(source, from + start, Math.min(to, from + end)),
    async arrayBuffer(): Promise<ArrayBuffer> {
      try {
        const bytes = await source.slice(from, to);
        return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer; // never shared memory
      } catch (error) {
        failures.set(source, { error });
        throw error;
      }
    },
  };
  return blob as unknown as Blob; // the decoder calls nothing else
}
