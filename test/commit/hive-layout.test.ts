/** Other readers find partitions, keys and rows where Hive puts them, and none of what is ours. DuckDB stands for them. */
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { numbers, openTestStore } from './commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

it('a published dataset is read with its keys, old generations and stagings left out', async () => {
  const d = numbers({ partitions: { day: { kind: 'day', start: '2001-01-01' }, wiki: { kind: 'dynamic' } } });
  const put = async (day: string, wiki: string, values: readonly number[], runId: string, publish = true): Promise<void> => {
    const by = { runId, step: 's', attempt: 1, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] };
    const rows = values.map((n) => ({ n }));
    const { staged } = await stagePartition(store, d, { day, wiki }, rows, by);
    if (publish) await publishPartition(store, staged, { replace: true });
  };
  await put('2001-03-01', 'en', [1], 'r1');
  await put('2001-03-01', 'en', [2, 3], 'r2'); // the old one is kept
  await put('2001-03-02', 'a/b', [4], 'r3');
  await put('2001-03-02', 'en', [5], 'r4', false); // only staged
  const db = await DuckDBInstance.create();
  const connection = await db.connect();
  const files = `${fileURLToPath(store.resolve(d.uri))}/day=*/wiki=*/*.parquet`;
  const read = await connection.runAndReadAll(
    `select n::int as n, day::varchar as day, wiki from read_parquet('${files}', hive_partitioning = true) order by n`,
  );
  expect(read.getRowObjectsJson()).toEqual([
    { n: 2, day: '2001-03-01', wiki: 'en' },
    { n: 3, day: '2001-03-01', wiki: 'en' },
    { n: 4, day: '2001-03-02', wiki: 'a/b' },
  ]);
  connection.closeSync();
  db.closeSync();
});
