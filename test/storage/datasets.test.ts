import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { readSlice } from '../../storage/datasets/read-slice.ts';
import { stagePartition, type RowBatches } from '../../storage/datasets/stage-partition.ts';
import { openStore, type Store } from '../../storage/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-datasets-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

let n = 0;
const dataset = (): DatasetDef => ({
  name: 'd',
  uri: `store://d${n++}`,
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: {
    type: 'object',
    properties: {
      n: { type: 'integer' }, x: { type: 'number' }, s: { type: 'string' }, b: { type: 'boolean' }, at: { type: 'string', format: 'date-time' },
      maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] }, list: { type: 'array', items: { type: 'number' } }, o: { type: 'object', properties: {} },
    },
    required: ['n', 'x', 's', 'b', 'at', 'maybe', 'list', 'o'],
  },
});
const row = (i: number) => ({ n: i, x: i / 3, s: i % 2 ? 'ü漢' : '', b: i % 2 === 0, at: '2001-03-01T05:06:07.123456Z', maybe: i % 3 ? 'x' : null, list: [i, 0.5], o: { k: i } });
const stage = (of: Store, d: DatasetDef, day: string, rows: RowBatches, attempt = 1, runId = 'r1') =>
  stagePartition(of, d, { day }, rows, { runId, step: 's', attempt, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] });
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
    expect(await listPartitions(store, d)).toEqual([]);
    expect(await pinSlice(store, d, [{ day: '2001-03-01' }])).toEqual({ missing: 'd day=2001-03-01' });
    await publishPartition(store, staged, { replace: true });
    expect((await listPartitions(store, d)).map((one) => one.key)).toEqual([{ day: '2001-03-01' }]);
  });
  it('is published once: doing it again changes nothing', async () => {
    const d = dataset();
    const { staged } = await stage(store, d, '2001-03-01', [row(1)]);
    const first = await publishPartition(store, staged, { replace: true });
    expect(await publishPartition(store, staged, { replace: true })).toEqual(first);
  });
  it('takes columns, and may be empty', async () => {
    const d = { ...dataset(), schema: { type: 'object', properties: { n: { type: 'integer' }, x: { type: 'number' } }, required: ['n', 'x'] } };
    const columns = (async function* () { yield { numRows: 2, columns: { n: new Float64Array([1, 2]), x: new Float64Array([0.5, 1.5]) } }; })();
    const slice = await publishPartition(store, (await stage(store, d, '2001-03-01', columns)).staged, { replace: true });
    expect(await rowsOf(d, slice)).toEqual([{ n: 1, x: 0.5 }, { n: 2, x: 1.5 }]);
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
    const dying: Store = { ...store, renameFolder: async (from, to) => { if (++renames === 2) throw new Error('killed'); await store.renameFolder(from, to); } };
    await expect(publishPartition(dying, staged, { replace: true })).rejects.toThrow('killed');
    const slice = await publishPartition(store, staged, { replace: true });
    expect((await rowsOf(d, slice)).map((one) => one['n'])).toEqual([2]);
    expect((await listPartitions(store, d)).length).toBe(1);
  });
});

describe('what is wrong is said', () => {
  it('a row that does not fit names column, row, expected and found', async () => {
    const d = dataset();
    await expect(stage(store, d, '2001-03-01', [{ ...row(1), n: 'five' }])).rejects.toThrow(/HDL-BAD-ROW: Column n, row 0: expected a whole number, found "five"/);
    await expect(stage(store, d, '2001-03-01', [{ ...row(1), extra: 1 }])).rejects.toMatchObject({ code: 'HDL-BAD-ROW' });
  });
  it('a schema without fields is refused', async () => {
    await expect(stage(store, { ...dataset(), schema: { type: 'string' } }, '2001-03-01', [])).rejects.toMatchObject({ code: 'HDL-BAD-ROW-SCHEMA' });
  });
  it('a partition that was rewritten behind a reader is a reason, not a mixture', async () => {
    const d = dataset();
    const slice = await publishPartition(store, (await stage(store, d, '2001-03-01', [row(1)])).staged, { replace: true });
    await store.write(`${slice.uri}/day=2001-03-01/manifest.json`, Buffer.from('{"format":1}'));
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
