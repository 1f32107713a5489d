/**
 * A Parquet file in memory -> column batches: one row group after the other, only the columns that are asked for, at most
 * 65,536 rows a batch. hyparquet reads the footer, parquet-wasm decodes. Workers.
 *
 * Not parquet-wasm's ParquetFile, which reads ranges: whatever goes wrong inside of it (a damaged page, a store that fails)
 * is a panic that ends the process and a promise that never settles (0.8.0; the synchronous call gives an error).
 */
import { setImmediate } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { parquetMetadata } from 'hyparquet';
import { readParquet as decode, readSchema } from 'parquet-wasm';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { checkFileSchema } from './check-file-schema.ts';
import type { ColumnType } from './column-types.ts';
import { fromRecordBatch, type AnyBatch } from './from-arrow.ts';

export interface ParquetFile {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}
const ROWS_PER_BATCH = 65_536;
/** 'PAR1' at both ends, and 4 bytes that say how long the footer is. */
const LEAST_BYTES = 12;

/** Throws HDL-BAD-FILE for what is no whole Parquet file, HDL-FILE-SCHEMA for other columns. `rows`: number that must come. */
export async function* readParquet(file: ParquetFile, types: readonly ColumnType[], options: { readonly rows?: number } = {}): AsyncGenerator<AnyBatch> {
  checkEnds(file);
  const groups = whole(file, () => parquetMetadata(exactBuffer(file.bytes)).row_groups.map((group) => Number(group.num_rows)));
  const { schema } = tableFromIPC(whole(file, () => readSchema(file.bytes).intoIPCStream()));
  checkFileSchema(types, schema, file.name);
  const columns = types.map(({ name }) => name);
  let rows = 0;
  for (const [group, inGroup] of groups.entries()) {
    if (inGroup === 0) continue;
    const { batches } = tableFromIPC(whole(file, () => decode(file.bytes, { rowGroups: [group], columns, batchSize: ROWS_PER_BATCH }).intoIPCStream())); // frees its table
    for (const batch of batches) {
      rows += batch.numRows;
      yield fromRecordBatch(types, batch, file.name);
    }
    await setImmediate(); // a group keeps the thread for some 50 ms: heartbeats go out in between
  }
  if (options.rows !== undefined && rows !== options.rows) {
    throw new HeddleError('HDL-BAD-FILE', { what: `The file has ${rows} rows, and its manifest says ${options.rows}.`, where: file.name });
  }
}

/** What breaks inside of a decoder is a broken file. */
function whole<T>({ name }: ParquetFile, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new HeddleError('HDL-BAD-FILE', {
      what: `The file cannot be decoded: ${error instanceof Error ? error.message : String(error)}.`,
      where: name,
      cause: error,
    });
  }
}

function checkEnds({ name, bytes }: ParquetFile): void {
  const bad = (what: string): HeddleError => new HeddleError('HDL-BAD-FILE', { what, where: name });
  if (bytes.length === 0) throw bad('The file is empty.');
  const magic = (part: Uint8Array): boolean => Buffer.from(part).toString('latin1') === 'PAR1';
  if (bytes.length < LEAST_BYTES || !magic(bytes.subarray(0, 4))) throw bad('The file is no Parquet: it does not begin with PAR1.');
  if (!magic(bytes.subarray(-4))) throw bad(`The file is cut off: its ${bytes.length} bytes do not end with PAR1.`);
}

/** An ArrayBuffer of just these bytes, which is what hyparquet takes; copied only where they are a part of more. */
const exactBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer =>
  (byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer; // never shared memory
