/** Parquet files in memory, for tests: written and read through storage/parquet. */
import type { z } from 'zod';
import { jsonSchemaOf } from '../../dsl/plan/json-schema.ts';
import { arrowSchema } from '../../storage/parquet/column-arrow.ts';
import { columnTypes, type ColumnType } from '../../storage/parquet/column-types.ts';
import type { AnyBatch } from '../../storage/parquet/from-arrow.ts';
import { sourceOfBytes, type FileSource } from '../../storage/parquet/footer.ts';
import { readParquet } from '../../storage/parquet/read-parquet.ts';
import { checkColumns, columnsOfRows, toRecordBatch, type Columnar } from '../../storage/parquet/to-arrow.ts';
import { parquetBytes } from '../../storage/parquet/write-parquet.ts';

export const typesOf = (row: z.ZodObject): readonly ColumnType[] => columnTypes(jsonSchemaOf(row, 'output').schema, 'd');
export async function fileOf(types: readonly ColumnType[], batches: readonly Columnar[]): Promise<Uint8Array> {
  const schema = arrowSchema(types);
  async function* arrow() {
    for (const batch of batches) {
      checkColumns(types, batch, 'd');
      yield toRecordBatch(types, schema, batch, 'd');
    }
  }
  const parts: Uint8Array[] = [];
  for await (const part of parquetBytes(types, arrow())) parts.push(part);
  return Buffer.concat(parts);
}
export const fileOfRows = (row: z.ZodObject, rows: readonly object[]): Promise<Uint8Array> => fileOf(typesOf(row), [columnsOfRows(typesOf(row), rows)]);
export const sourceOf = (bytes: Uint8Array): FileSource => sourceOfBytes('f.parquet', bytes);
export async function batchesOf(bytes: Uint8Array, types: readonly ColumnType[]): Promise<AnyBatch[]> {
  const batches: AnyBatch[] = [];
  for await (const batch of readParquet(sourceOf(bytes), types)) batches.push(batch);
  return batches;
}
export const rowsOf = async (bytes: Uint8Array, types: readonly ColumnType[]): Promise<unknown[]> =>
  (await batchesOf(bytes, types)).flatMap((batch) => [...batch.rows()]);
export const roundTrip = async (row: z.ZodObject, rows: readonly object[]): Promise<unknown[]> => rowsOf(await fileOfRows(row, rows), typesOf(row));
