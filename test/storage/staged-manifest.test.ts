import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openStore } from '../../storage/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-staged-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const dataset = (name: string): DatasetDef => ({
  name,
  uri: `store://${name}`,
  partitions: { day: { kind: 'day' } },
  schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
});

it.each([
  ['lost', 'has lost part-00000.parquet', (staging: string) => store.remove(`${staging}/part-00000.parquet`, { recursive: false })],
  ['cut', 'bytes in part-00000.parquet', (staging: string) => store.write(`${staging}/part-00000.parquet`, Buffer.from('PAR1'))],
  ['added', 'has extra.parquet', (staging: string) => store.write(`${staging}/extra.parquet`, Buffer.from('PAR1'))],
  [
    'manifest',
    'its manifest is another one',
    (staging: string) => store.write(`${staging}/_manifest.json`, Buffer.from('{"format":1,"files":[],"rows":0,"bytes":0}')),
  ],
  ['marker', 'has no _SUCCESS', (staging: string) => store.remove(`${staging}/_SUCCESS`, { recursive: false })],
])('a staging with something %s is not published, and the message says what', async (name, why, damage) => {
  const d = dataset(name);
  const { staged } = await stagePartition(store, d, { day: '2001-03-01' }, [{ n: 1 }], {
    runId: 'r',
    step: 's',
    attempt: 1,
    planHash: 'p',
    task: 't',
    version: '1',
    codeDigest: null,
    inputs: [],
  });
  await damage(staged.staging);
  const published = publishPartition(store, staged, { replace: true });
  await expect(published).rejects.toMatchObject({ code: 'HDL-MANIFEST' });
  await expect(published).rejects.toThrow(why);
  expect((await listPartitions(store, d)).partitions).toEqual([]);
});
