/** For the tests of columns: Arrow batches of a schema, files as sources that count what is read, readers as rows. */
import { tableToIPC, Table as ArrowTable, type RecordBatch } from 'apache-arrow';
import { Table, writeParquet, WriterPropertiesBuilder, type WriterProperties } from 'parquet-wasm';
import type { z } from 'zod';
import { rowSchemaOf } from '../../dsl/plan/row-schema.ts';
import type { FilesDef } from '../../dsl/plan/types.ts';
import { arrowSchema } from '../../storage/parquet/column-arrow.ts';
import { columnTypes, type ColumnType } from '../../storage/parquet/column-types.ts';
import { fileRules } from '../../storage/parquet/file-layout.ts';
import type { FileSource } from '../../storage/parquet/footer.ts';
import { readParquet } from '../../storage/parquet/read-parquet.ts';
import { columnsOfRows, toRecordBatch, type Columnar } from '../../storage/parquet/to-arrow.ts';
import { parquetBytes } from '../../storage/parquet/write-parquet.ts';

export const typesOf = (row: z.ZodObject): readonly ColumnType[] => columnTypes(rowSchemaOf(row).schema, 'd');

export async function fileOf(types: readonly ColumnType[], batches: Iterable<Columnar>, files: FilesDef = {}): Promise<Uint8Array> {
  const schema = arrowSchema(types);
  async function* arrow() {
    for (const batch of batches) yield toRecordBatch(types, schema, batch, 'd');
  }
  const parts: Uint8Array[] = [];
  for await (const part of parquetBytes(types, arrow(), fileRules(files))) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}
export const fileOfRows = (row: z.ZodObject, rows: readonly object[], files: FilesDef = {}): Promise<Uint8Array> =>
  fileOf(typesOf(row), [columnsOfRows(typesOf(row), rows)], files);

export interface Counted extends FileSource {
  requests: number;
  bytes: number;
}
export function counting(bytes: Uint8Array, name = 'f.parquet'): Counted {
  const source: Counted = {
    name,
    size: bytes.length,
    requests: 0,
    bytes: 0,
    async read(start, end) {
      source.requests++;
      source.bytes += end - start;
      return bytes.slice(start, end);
    },
  };
  return source;
}
export async function rowsOf(
  source: FileSource,
  types: readonly ColumnType[],
  options: Parameters<typeof readParquet>[2] = {},
): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of readParquet(source, types, options)) rows.push(...batch.rows());
  return rows;
}
/** An ArrayBuffer of its own, as hyparquet takes it. */
export const bufferOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer; // a copy is never shared memory

/** What another writer would make of the batch: parquet-wasm with its own defaults. */
export function foreignFile(batch: RecordBatch, properties: WriterProperties = new WriterPropertiesBuilder().build()): Uint8Array {
  return writeParquet(Table.fromIPCStream(tableToIPC(new ArrowTable([batch]), 'stream')), properties);
}
