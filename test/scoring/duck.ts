/** DuckDB as an independent writer and reader of Parquet. */
import { DuckDBInstance } from '@duckdb/node-api';

/** Runs statements; rows of the last one as objects. Numbers of 64 bits come as bigint. */
export async function duck(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await connection.runAndReadAll(statement)).getRowObjects();
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
