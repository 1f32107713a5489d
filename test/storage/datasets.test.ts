import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef, JsonObject } from '../../dsl/plan/types.ts';
import { keyOfPath, partitionPath } from '../../storage/datasets/partition-path.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { readSlice } from '../../storage/datasets/read-slice.ts';
import { stagePartition, type RowBatches, type Stager } from '../../storage/datasets/stage-partition.ts';
import { openStore, type Store } from '../../storage/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-datasets-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let n = 0;
const dataset = (): DatasetDef => ({
  name: 'd',
  uri: `store://d${n++}`,
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: {
    type: 'object',
    properties: {
      n: { type: 'integer' },
      x: { type: 'number' },
      s: { type: 'string' },
      b: { type: 'boolean' },
      at: { type: 'string', format: 'date-time' },
      maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      list: { type: 'array', items: { type: 'number' } },
      o: { type: 'object', properties: {} },
    },
    required: ['n', 'x', 's', 'b', 'at', 'maybe', 'list', 'o'],
  },
});
const row = (i: number) => ({
  n: i,
  x: i / 3,
  s: i % 2 ? 'ü漢' : '',
  b: i % 2 === 0,
  at: '2001-03-01T05:06:07.123456Z',
  maybe: i % 3 ? 'x' : null,
  list: [i, 0.5],
  o: { k: i },
});
const stage = (of: Store, d: DatasetDef, day: string, rows: RowBatches, attempt = 1, runId = 'r1') =>
  stagePartition(of, d, { day }, rows, by(runId, 's', attempt));
const by = (runId: string, step: string, attempt = 1): Stager => ({
  runId,
  step,
  attempt,
  planHash: 'p',
  task: 't',
  version: '1',
  codeDigest: null,
  inputs: [],
});
async function rowsOf(d: DatasetDef, slice: Parameters<typeof readSlice>[2]): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of readSlice(store, d, slice)) rows.push(...batch.rows());
  return rows;
}

describe('a partition', () => {
  it('is read back value by value as it was written, of every kind of column', async () => {
    const d = dataset();
    const rows = Array.from({ length: 100 }, (_, i) => row(i));
    const { staged } = await stage(store, d, '2001-03-01', rows);
    const slice = await publishPartition(store, staged, { replace: true });
    expect(slice.rows).toBe(100);
    expect(await rowsOf(d, slice)).toEqual(rows);
  });
  it('is invisible until it is published', async () => {
    const d = dataset();
    const { staged } = await stage(store, d, '2001-03-01', [row(1)]);
    expect((await listPartitions(store, d)).partitions).toEqual([]);
    expect(await pinSlice(store, d, [{ day: '2001-03-01' }])).toEqual({ missing: 'd day=2001-03-01' });
    await publishPartition(store, staged, { replace: true });
    expect((await listPartitions(store, d)).partitions.map((one) => one.key)).toEqual([{ day: '2001-03-01' }]);
  });
  it('is published once: doing it again changes nothing', async () => {
    const d = dataset();
    const { staged } = await stage(store, d, '2001-03-01', [row(1)]);
    const first = await publishPartition(store, staged, { replace: true });
    expect(await publishPartition(store, staged, { replace: true })).toEqual(first);
  });
  it('takes columns, and may be empty', async () => {
    const d = { ...dataset(), schema: { type: 'object', properties: { n: { type: 'integer' }, x: { type: 'number' } }, required: ['n', 'x'] } };
    const columns = (async function* () {
      yield { numRows: 2, columns: { n: new Float64Array([1, 2]), x: new Float64Array([0.5, 1.5]) } };
    })();
    const slice = await publishPartition(store, (await stage(store, d, '2001-03-01', columns)).staged, { replace: true });
    expect(await rowsOf(d, slice)).toEqual([
      { n: 1, x: 0.5 },
      { n: 2, x: 1.5 },
    ]);
    const empty = await publishPartition(store, (await stage(store, d, '2001-03-02', [])).staged, { replace: true });
    expect(await rowsOf(d, empty)).toEqual([]);
  });
});

describe('a replacement', () => {
  it('keeps the old generation for readers that pinned it', async () => {
    const d = dataset();
    await publishPartition(store, (await stage(store, d, '2001-03-01', [row(1)])).staged, { replace: true });
    const before = await pinSlice(store, d, [{ day: '2001-03-01' }]);
    if ('missing' in before) throw new Error(before.missing);
    const after = await publishPartition(store, (await stage(store, d, '2001-03-01', [row(2)], 1, 'r2')).staged, { replace: true });
    expect((await rowsOf(d, before))[0]?.['n']).toBe(1);
    expect((await rowsOf(d, after))[0]?.['n']).toBe(2);
  });
  it('is refused where it is not allowed', async () => {
    const d = dataset();
    await publishPartition(store, (await stage(store, d, '2001-03-01', [row(1)])).staged, { replace: true });
    const other = await stage(store, d, '2001-03-01', [row(2)], 1, 'r2');
    await expect(publishPartition(store, other.staged, { replace: false })).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
  });
  it('that stopped between its two renames is rolled forward by the next publish', async () => {
    const d = dataset();
    await publishPartition(store, (await stage(store, d, '2001-03-01', [row(1)])).staged, { replace: true });
    const { staged } = await stage(store, d, '2001-03-01', [row(2)], 1, 'r2');
    let renames = 0;
    const dying: Store = {
      ...store,
      renameFolder: async (from, to) => {
        if (++renames === 2) throw new Error('killed');
        await store.renameFolder(from, to);
      },
    };
    await expect(publishPartition(dying, staged, { replace: true })).rejects.toThrow('killed');
    const slice = await publishPartition(store, staged, { replace: true });
    expect((await rowsOf(d, slice)).map((one) => one['n'])).toEqual([2]);
    expect((await listPartitions(store, d)).partitions.length).toBe(1);
  });
});

describe('what is wrong is said', () => {
  it('a row that does not fit names column, row, expected and found', async () => {
    const d = dataset();
    await expect(stage(store, d, '2001-03-01', [{ ...row(1), n: 'five' }])).rejects.toThrow(
      /HDL-BAD-ROW: Column n, row 0: expected a whole number, found "five"/,
    );
    await expect(stage(store, d, '2001-03-01', [{ ...row(1), extra: 1 }])).rejects.toMatchObject({ code: 'HDL-BAD-ROW' });
  });
  it('a schema without fields is refused', async () => {
    await expect(stage(store, { ...dataset(), schema: { type: 'string' } }, '2001-03-01', [])).rejects.toMatchObject({ code: 'HDL-BAD-ROW-SCHEMA' });
  });
  it('a partition that was rewritten behind a reader is a reason, not a mixture', async () => {
    const d = dataset();
    const slice = await publishPartition(store, (await stage(store, d, '2001-03-01', [row(1)])).staged, { replace: true });
    await store.write(`${slice.uri}/day=2001-03-01/_manifest.json`, Buffer.from('{"format":1}'));
    await expect(rowsOf(d, slice)).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
  });
  it('a staging that is gone', async () => {
    const d = dataset();
    const { staged } = await stage(store, d, '2001-03-01', [row(1)]);
    await store.remove(staged.staging, { recursive: true });
    await expect(publishPartition(store, staged, { replace: true })).rejects.toMatchObject({ code: 'HDL-STAGING-GONE' });
  });
});

it('a long slice keeps its list of partitions in a file', async () => {
  const d = { ...dataset(), schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } };
  const keys = Array.from({ length: 20 }, (_, i) => ({ day: `2001-03-${String(i + 1).padStart(2, '0')}` }));
  for (const [i, key] of keys.entries()) await publishPartition(store, (await stage(store, d, key.day, [{ n: i }])).staged, { replace: true });
  const slice = await pinSlice(store, d, keys);
  if ('missing' in slice) throw new Error(slice.missing);
  expect(JSON.stringify(slice).length).toBeLessThan(1000);
  expect((await rowsOf(d, slice)).map((one) => one['n'])).toEqual(keys.map((_, i) => i));
});

describe('partitions of several dimensions, with any keys', () => {
  const wide = (): DatasetDef => ({
    ...dataset(),
    partitions: {
      hour: { kind: 'hour', start: '2001-01-01', timezone: 'Europe/Berlin' },
      wiki: { kind: 'keys', keys: ['en', 'de'] },
      user: { kind: 'dynamic' },
    },
    schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  });
  const users = ['a', 'a/b', '..', '50%', '50%25', 'ü 漢', 'x=y', 'q\'#?*:[]{}^\\"', ' ', '.', '+'];
  const put = async (d: DatasetDef, key: JsonObject, n: number): Promise<SliceHandle> =>
    publishPartition(store, (await stagePartition(store, d, key, [{ n }], by('r', 's'))).staged, { replace: true });

  it('are found again under their keys', async () => {
    const d = wide();
    for (const [i, user] of users.entries()) await put(d, { hour: '2001-10-28T02+01:00', wiki: 'en', user }, i);
    const keys = users.map((user) => ({ hour: '2001-10-28T02+01:00', wiki: 'en', user }));
    const slice = await pinSlice(store, d, keys);
    if ('missing' in slice) throw new Error(slice.missing);
    expect((await rowsOf(d, slice)).map((one) => one['n'])).toEqual(users.map((_, i) => i));
    expect((await listPartitions(store, d)).partitions.map(({ key }) => key['user'] ?? '').toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      users.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    for (const key of keys) expect(keyOfPath(d, partitionPath(d, key))).toEqual(key);
  });
  it('lie where Hive and Spark look for them', async () => {
    const d = wide();
    await put(d, { user: 'a/b', wiki: 'de', hour: '2001-10-28T02+01:00' }, 1); // in whatever order the key comes
    const path = join(folder, 'test', d.uri.slice('store://'.length), 'hour=2001-10-28T02+01%3A00', 'wiki=de', 'user=a%2Fb');
    expect(readdirSync(path).toSorted()).toEqual(['_SUCCESS', '_generation.json', '_manifest.json', 'part-00000.parquet']);
  });
  it('are replaced with generations of their own', async () => {
    const d = wide();
    const key = { hour: '2001-10-28T02+01:00', wiki: 'en', user: 'a/b' };
    expect((await put(d, key, 1)).partitions).toMatchObject([{ generation: 1 }]);
    await put(d, { ...key, wiki: 'de' }, 5);
    expect(
      (await publishPartition(store, (await stagePartition(store, d, key, [{ n: 2 }], by('r2', 's'))).staged, { replace: true })).partitions,
    ).toMatchObject([{ generation: 2 }]);
    expect((await listPartitions(store, d)).partitions).toHaveLength(2);
  });
  it.each([
    [{ wiki: 'en', user: 'a' }, 'The key names no hour'],
    [{ hour: '2001-10-28', wiki: 'en', user: 'a' }, '"2001-10-28" is no hour'],
    [{ hour: '2001-10-28T02+01:00', wiki: 'fr', user: 'a' }, '"fr" is no wiki'],
    [{ hour: '2001-10-28T02+01:00', wiki: 'en', user: '' }, 'user is empty'],
    [{ hour: 5, wiki: 'en', user: 'a' }, 'The key names no hour'],
  ])('are not written, nor pinned, under the key %j', async (key, message) => {
    const d = wide();
    await expect(put(d, key, 1)).rejects.toThrow(new RegExp(`^HDL-BAD-KEY[^]*${message}`));
    await expect(pinSlice(store, d, [key as never])).rejects.toThrow('HDL-BAD-KEY');
    expect(await store.list(store.resolve(d.uri))).toEqual([]);
  });
});

describe('what is on the disk', () => {
  const small = (): DatasetDef => ({
    ...dataset(),
    schema: { type: 'object', properties: { n: { type: 'integer' }, s: { type: 'string' } }, required: ['n', 's'] },
  });
  const day = '2001-03-01';

  it('says who wrote it, from what, and how each file is', async () => {
    const d = small();
    const input = await publishPartition(store, (await stage(store, d, '2001-02-28', [{ n: 1, s: 'a' }])).staged, { replace: true });
    const { staged, slice } = await stagePartition(store, d, { day }, [{ n: 2, s: 'b' }], {
      ...by('r9', 'map[0].s', 3),
      inputs: [input],
      codeDigest: 'sha256:c',
    });
    await publishPartition(store, staged, { replace: true });
    const [, found] = (await listPartitions(store, d)).partitions;
    expect(found).toMatchObject({
      path: `day=${day}`,
      key: { day },
      digest: staged.manifestDigest,
      manifest: {
        format: 1,
        dataset: 'd',
        key: { day },
        runId: 'r9',
        step: 'map[0].s',
        attempt: 3,
        planHash: 'p',
        task: 't',
        version: '1',
        codeDigest: 'sha256:c',
        rows: 1,
        inputs: [{ dataset: 'd', digest: input.digest, rows: 1 }],
        files: [{ name: 'part-00000.parquet', rows: 1, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }],
      },
    });
    expect(slice.rows).toBe(1);
  });
  it('is several files where it is large, and one file of no rows where it is empty', async () => {
    const d = small();
    const batches = (async function* () {
      for (let i = 0; i < 6; i++)
        yield {
          numRows: 140_000,
          columns: {
            n: Float64Array.from({ length: 140_000 }, (_, j) => Math.floor(Math.random() * 2 ** 50) + j),
            s: Array.from({ length: 140_000 }, () => 'x'),
          },
        };
    })();
    const { staged } = await stagePartition(store, d, { day }, batches, by('r', 's'), { bytesPerFile: 1_000_000 });
    const slice = await publishPartition(store, staged, { replace: true });
    const { manifest } = (await listPartitions(store, d)).partitions[0]!;
    expect(manifest.files.length).toBeGreaterThan(2);
    expect(manifest.files.reduce((sum, file) => sum + file.rows, 0)).toBe(840_000);
    let rows = 0;
    for await (const batch of readSlice(store, d, slice)) rows += batch.numRows;
    expect(rows).toBe(840_000);
    const empty = await publishPartition(store, (await stage(store, d, '2001-03-02', [])).staged, { replace: true });
    expect(await rowsOf(d, empty)).toEqual([]);
    expect(await store.list(`${empty.uri}/day=2001-03-02`)).toHaveLength(4);
  });
  it('is read by the columns that are asked for, by two at once', async () => {
    const d = small();
    const slice = await publishPartition(
      store,
      (
        await stage(store, d, day, [
          { n: 1, s: 'a' },
          { n: 2, s: 'b' },
        ])
      ).staged,
      { replace: true },
    );
    const read = async (columns: readonly string[]): Promise<unknown[]> => {
      const rows: unknown[] = [];
      for await (const batch of readSlice(store, d, slice, { columns })) rows.push(...batch.rows());
      return rows;
    };
    expect(await Promise.all([read(['s']), read(['n', 's']), read(['s', 'n'])])).toEqual([
      [{ s: 'a' }, { s: 'b' }],
      [
        { n: 1, s: 'a' },
        { n: 2, s: 'b' },
      ],
      [
        { n: 1, s: 'a' },
        { n: 2, s: 'b' },
      ],
    ]);
    await expect(read(['nn'])).rejects.toThrow(/HDL-FILE-SCHEMA: d has no column nn[^]*Its columns: n, s/);
  });
  it('names what is missing, and how much', async () => {
    const d = small();
    await publishPartition(store, (await stage(store, d, '2001-03-02', [{ n: 1, s: 'a' }])).staged, { replace: true });
    const days = ['2001-03-01', '2001-03-02', '2001-03-03', '2001-03-04'].map((one) => ({ day: one }));
    expect(await pinSlice(store, d, days)).toEqual({ missing: 'd day=2001-03-01 and 2 more' });
    expect(await pinSlice(store, d, days.slice(0, 2))).toEqual({ missing: 'd day=2001-03-01' });
    expect(await pinSlice(store, d, [])).toEqual({ missing: 'd: the slice holds no partition' });
  });
  it('of another system counts for nothing until it has a manifest', async () => {
    const d = small();
    for (const file of ['day=2001-03-01/part.parquet', 'day=2001-03-02/_manifest.json', 'other/_manifest.json', 'day=/_manifest.json', 'readme.txt'])
      await store.write(`${d.uri}/${file}`, Buffer.from('{}'));
    expect((await listPartitions(store, d)).partitions).toEqual([]);
    expect(await pinSlice(store, d, [{ day: '2001-03-02' }])).toEqual({ missing: 'd day=2001-03-02' });
  });
  it.each([
    ['a file was rewritten', async (uri: string) => void (await store.write(`${uri}/part-00000.parquet`, Buffer.from('PAR1')))],
    [
      'a byte of a file was changed',
      async (uri: string) => {
        const bytes = await store.read(`${uri}/part-00000.parquet`);
        await store.write(
          `${uri}/part-00000.parquet`,
          bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
        );
      },
    ],
    ['a file was removed', async (uri: string) => store.remove(`${uri}/part-00000.parquet`)],
    ['its manifest was removed', async (uri: string) => store.remove(`${uri}/_manifest.json`)],
    ['the whole partition was removed', async (uri: string) => store.remove(uri, { recursive: true })],
  ])('and changed behind a reader is a reason to fail: %s', async (_, change) => {
    const d = small();
    const slice = await publishPartition(store, (await stage(store, d, day, [{ n: 1, s: 'a' }])).staged, { replace: true });
    await change(`${slice.uri}/day=${day}`);
    await expect(rowsOf(d, slice)).rejects.toThrow(/HDL-PARTITION-CHANGED[^]*d day=2001-03-01/);
  });
  it('of an attempt that had its number before is not mixed with the next', async () => {
    const d = small();
    await stagePartition(store, d, { day }, [{ n: 1, s: 'a' }], by('r', 's'));
    await store.write(`${(await stagePartition(store, d, { day }, [{ n: 1, s: 'a' }], by('r', 's'))).staged.staging}/part-00007.parquet`, Buffer.from('old'));
    const { staged } = await stagePartition(store, d, { day }, [{ n: 2, s: 'b' }], by('r', 's'));
    expect(await rowsOf(d, await publishPartition(store, staged, { replace: true }))).toEqual([{ n: 2, s: 'b' }]);
  });
  it('of steps with long or odd names is apart', async () => {
    const d = small();
    const steps = [`${'x'.repeat(300)}a`, `${'x'.repeat(300)}b`, '..', 'trials[a/b].fit', 'trials[漢].fit'];
    const staged = await Promise.all(steps.map(async (step, n) => (await stagePartition(store, d, { day }, [{ n, s: step }], by('r', step))).staged));
    expect(new Set(staged.map((one) => one.staging)).size).toBe(steps.length);
    for (const one of staged) expect(await store.list(one.staging)).toHaveLength(3);
  });
});
