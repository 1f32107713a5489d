/**
 * The list of bad input of issue 4, section 9, entry by entry: each is told by a code, before anything begins where that can
 * be known, and what was published before is there as it was.
 */
import type { Client } from '@temporalio/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openCache } from '../../activities/cache/open-cache.ts';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { LocalScorer } from '../../activities/scoring/local-scorer.ts';
import { checkFeatures } from '../../activities/scoring/model-schema.ts';
import { createMetrics } from '../../api/metrics.ts';
import { createNotifier } from '../../api/notify/webhook.ts';
import { startRun } from '../../api/runs/start-run.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { parseKey } from '../../calendar/partition-scope.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { putPlan } from '../../catalog/plans.ts';
import { openRuns } from '../../catalog/runs.ts';
import type { DatasetDef, Plan } from '../../dsl/plan/types.ts';
import { planHashOf } from '../../storage/digest.ts';
import { checkExpectations } from '../../storage/datasets/check-expectations.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { keyOfPath, partitionPath } from '../../storage/datasets/partition-path.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { readFooter } from '../../storage/parquet/footer.ts';
import { emptyFile } from '../../storage/parquet/row-group-file.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import type { Store } from '../../storage/store.ts';
import { childUri } from '../../storage/uri.ts';
import { entriesOf, keysOf } from '../cache/entries.ts';
import { KEY, numbers, openTestStore, PATH, stage, valuesOf, visible } from '../commit/commit-kit.ts';
import { linear, oddModels } from '../scoring/models.ts';
import { testConfig, tinyPlan, type TestConfig } from '../server/test-server.ts';
import { fileOfRows, sourceOf } from '../storage/parquet-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

const OTHER = { day: '2001-03-02' };
/** A dataset with a partition of ours, and beside it one of another system with this file in it. */
async function withForeign(bytes: Uint8Array, name = 'part-0.parquet', more: Partial<DatasetDef> = {}): Promise<DatasetDef> {
  const d = numbers(more);
  await publishPartition(store, await stage(store, d, [1, 2], 'r1', { key: OTHER }), { replace: true });
  const folder = childUri(store.resolve(d.uri), PATH);
  await store.write(childUri(folder, name), bytes);
  await store.write(childUri(folder, '_SUCCESS'), new Uint8Array());
  return d;
}
/** As it was published. */
async function isUnharmed(d: DatasetDef): Promise<void> {
  const slice = await pinSlice(store, d, [OTHER]);
  expect('missing' in slice ? slice : await valuesOf(store, d, slice)).toEqual([1, 2]);
}
const Row = z.object({ n: z.int() });
const good = (): Promise<Uint8Array> =>
  fileOfRows(
    Row,
    Array.from({ length: 3_000 }, (_, n) => ({ n })),
  );

const withoutGroups = async (): Promise<Uint8Array> => emptyFile(await readFooter(sourceOf(await good())));

describe('a Parquet file', () => {
  it.each([
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 100), 'do not end with PAR1'],
    ['cut off in the middle of its magic', (bytes: Uint8Array) => bytes.subarray(0, 6), 'no Parquet'],
    ['with a wrong footer', (bytes: Uint8Array) => Uint8Array.from(bytes).fill(0xff, bytes.length - 60, bytes.length - 8), 'footer cannot be read'],
    [
      'with a footer longer than the file',
      (bytes: Uint8Array) => Uint8Array.from(bytes).fill(0x7f, bytes.length - 8, bytes.length - 4),
      'its footer would have',
    ],
    ['that is a CSV', () => Buffer.from('n\n1\n2\n'), 'does not begin with PAR1'],
    ['that is empty', () => new Uint8Array(), 'The file is empty'],
  ])('%s is refused at the pin, before a step begins: HDL-BAD-FILE', async (_, damage, why) => {
    const d = await withForeign(damage(await good()), 'table.parquet');
    const pin = pinSlice(store, d, [KEY]);
    await expect(pin).rejects.toMatchObject({ code: 'HDL-BAD-FILE', where: expect.stringContaining('table.parquet') });
    await expect(pin).rejects.toThrow(why);
    await isUnharmed(d);
  });
  it.each([
    ['with a missing column', z.object({ m: z.int() }), { m: 1 }, 'Column n: expected int, and the file has no such column.'],
    ['with a changed type', z.object({ n: z.string() }), { n: '1' }, 'Column n: expected int, found Utf8.'],
    ['with nulls that may not be', z.object({ n: z.int().nullable() }), { n: null }, 'Column n has 1 nulls'],
  ])('%s is refused before a row comes out: HDL-FILE-SCHEMA', async (_, row, one, why) => {
    const d = await withForeign(await fileOfRows(row, [one]));
    const read = visible(store, d);
    await expect(read).rejects.toMatchObject({ code: 'HDL-FILE-SCHEMA' });
    await expect(read).rejects.toThrow(why);
    await isUnharmed(d);
  });
  it.each([
    ['with zero rows', () => fileOfRows(Row, [])],
    ['with zero row groups', () => withoutGroups()],
  ])('%s has its columns and no row, and is refused where the dataset expects rows: HDL-EXPECTATION', async (_, file) => {
    const d = await withForeign(await file());
    expect(await pinSlice(store, d, [KEY])).toMatchObject({ rows: 0 });
    expect(await visible(store, d)).toEqual([]);
    const strict: DatasetDef = { ...d, expect: { rows: { min: 1 } } };
    const staged = await stage(store, strict, [], 'r2', { key: OTHER });
    const publish = publishPartition(store, staged, { replace: true, check: (manifest) => checkExpectations(store, staged, manifest) });
    await expect(publish).rejects.toMatchObject({ code: 'HDL-EXPECTATION', what: expect.stringContaining('found 0') });
    await isUnharmed(d);
  });
  it('of ours that was damaged after it was published is refused by its checksum, and its neighbours are read: HDL-PARTITION-CHANGED', async () => {
    const d = await withForeign(await good());
    const slice = await publishPartition(store, await stage(store, d, [3], 'r2'), { replace: true });
    const uri = childUri(store.resolve(d.uri), PATH, 'part-00000.parquet');
    await store.write(
      uri,
      (await store.read(uri)).map((byte, i) => (i === 10 ? byte ^ 1 : byte)),
    );
    await expect(valuesOf(store, d, slice)).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
    await isUnharmed(d);
  });
});

describe('a partition', () => {
  it('of an unknown key is refused by whoever names it, and passed by as a folder: HDL-BAD-KEY', async () => {
    const d = await withForeign(await good());
    expect(() => parseKey(d.partitions, 'wiki=en')).toThrow(expect.objectContaining({ code: 'HDL-BAD-KEY' }) as Error);
    expect(() => parseKey(d.partitions, 'day=2001-03-02,wiki=en')).toThrow(expect.objectContaining({ code: 'HDL-BAD-KEY' }) as Error);
    expect(() => partitionPath(d, { wiki: 'en' })).toThrow(expect.objectContaining({ code: 'HDL-BAD-KEY' }) as Error);
    expect(() => partitionPath(d, { day: 'yesterday' })).toThrow(expect.objectContaining({ code: 'HDL-BAD-KEY' }) as Error);
    await expect(pinSlice(store, d, [{ day: '2001-13-01' }])).rejects.toMatchObject({ code: 'HDL-BAD-KEY' });
    expect(keyOfPath(d, 'wiki=en')).toBeNull();
    await store.write(childUri(store.resolve(d.uri), 'wiki=en', 'part-0.parquet'), Buffer.from('x'));
    expect((await listPartitions(store, d)).partitions.map(({ key }) => key)).toEqual([OTHER]);
    await isUnharmed(d);
  });
  it('whose manifest was edited by hand is refused, and the others are listed and read: HDL-MANIFEST', async () => {
    const d = await withForeign(await good());
    await publishPartition(store, await stage(store, d, [3], 'r2'), { replace: true });
    const uri = childUri(store.resolve(d.uri), PATH, '_manifest.json');
    await store.write(
      uri,
      Buffer.from(
        Buffer.from(await store.read(uri))
          .toString('utf8')
          .replace('"rows": 1', '"rows": 7'),
      ),
    );
    await expect(pinSlice(store, d, [KEY])).rejects.toMatchObject({ code: 'HDL-MANIFEST' });
    const { partitions, damaged } = await listPartitions(store, d);
    expect([partitions.map(({ key }) => key), damaged]).toMatchObject([[OTHER], [{ path: PATH, code: 'HDL-MANIFEST' }]]);
    await isUnharmed(d);
  });
});

describe('numbers that are none', () => {
  it.each([Number.NaN, Infinity, -Infinity])('%d in a row is refused with its place, and nothing is published: HDL-BAD-ROW', async (n) => {
    const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;
    const d = numbers({ schema });
    await publishPartition(store, await stage(store, d, [1, 2], 'r1', { key: OTHER }), { replace: true });
    await expect(stage(store, d, [1, n], 'r2', { key: OTHER })).rejects.toMatchObject({ code: 'HDL-BAD-ROW' });
    await isUnharmed(d);
  });
});

describe('a model', () => {
  let scorer: LocalScorer;
  beforeAll(() => {
    scorer = new LocalScorer({ threads: 1 });
  });
  afterAll(() => scorer.close());
  it.each([
    ['whose input has other names', 'HDL-MODEL-INPUT', async () => checkFeatures(['distance', 'hour'], 2, ['distance', 'day'], 'model flights.delay@2')],
    ['of another number of inputs', 'HDL-MODEL-INPUT', async () => checkFeatures(['distance', 'hour'], 3, ['distance', 'hour'], 'model flights.delay@2')],
    ['with two inputs', 'HDL-MODEL-INPUT', () => scorer.open('two', async () => oddModels.twoInputs)],
    ['of another shape', 'HDL-MODEL-INPUT', () => scorer.open('three', async () => oddModels.threeDimensions)],
    ['of another type', 'HDL-MODEL-INPUT', () => scorer.open('doubles', async () => oddModels.doubles)],
    ['with an unknown operator', 'HDL-ONNX-OPERATOR', () => scorer.open('operator', async () => oddModels.unknownOperator)],
    ['that is cut off', 'HDL-ONNX-INVALID', () => scorer.open('cut', async () => linear([1, 2, 3]).subarray(0, 60))],
  ])('%s is refused before a row is scored: %s', async (_, code, open) => {
    await expect((async () => open())()).rejects.toMatchObject({ code });
    const model = await scorer.open('good', async () => linear([2]));
    expect(await scorer.score(model, Float32Array.of(0), 1)).toEqual(Float32Array.of(0.5));
  });
});

describe('a cache out of space', () => {
  it('refuses what does not fit, and what it serves stays: HDL-CACHE-FULL', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-bad-'));
    const cache = await openCache({ kind: 'embedded', folder, maxBytes: 600_000 }, 'flights');
    try {
      await cache.create('a');
      await cache.put(
        'a',
        entriesOf(['k'], () => 0.5),
      );
      await cache.swap(null, 'a', 'run-1');
      await cache.create('b');
      const fill = async (): Promise<void> => {
        for (let part = 0; part < 20; part++)
          await cache.put(
            'b',
            entriesOf(keysOf(2_000, `P${part}`), () => 0.9),
          );
      };
      await expect(fill()).rejects.toMatchObject({ code: 'HDL-CACHE-FULL' });
      expect((await cacheReader(cache).get('k'))?.score).toBe(0.5);
    } finally {
      await cache.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a URI', () => {
  let state: TestConfig;
  let parts: ServerParts;
  let files: Store;
  beforeAll(async () => {
    state = testConfig('127.0.0.1:1');
    files = openProjectStore({ storageRoot: state.config.storageRoot, project: 'default', hdfs: { ml: { namenodes: ['http://127.0.0.1:1'] } } });
    parts = {
      config: state.config,
      catalog: await openCatalog(state.config.catalog),
      store: files,
      temporal: {} as Client, // nothing here comes so far
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
      notify: createNotifier(null, 'default'),
    };
  });
  afterAll(async () => {
    await parts.catalog.close();
    state.remove();
  });
  const planWith = (uri: string): Plan => {
    const base = tinyPlan();
    return { ...base, contracts: { ...base.contracts, datasets: { d: numbers({ uri }) } } };
  };
  it.each([
    ['of a file system that is not configured', 's3://bucket/d', 'is in no file system that is configured'],
    ['of a cluster that is not configured', 'hdfs://elsewhere/d', 'hdfs://elsewhere/... is in no cluster that is configured'],
    ['that leaves its root', 'store://../d', 'leaves its root'],
    ['that leaves its root further down', 'store://d/../../etc', 'leaves its root'],
    ['that leaves its root, encoded', 'file:///data/%2e%2e/etc', 'leaves its root'],
    ['that leaves its root, encoded twice', 'hdfs://ml/a/%252e%252e/etc', 'leaves its root'],
  ])('%s is refused before the run begins: HDL-BAD-URI', async (_, uri, why) => {
    const plan = planWith(uri);
    const hash = planHashOf(plan);
    await putPlan(parts.catalog.db, { project: 'default', hash, plan, by: 'ann', at: 1 });
    const started = startRun(parts, { name: 'ann', roles: ['operator'] } as never, { pipeline: plan.name, planHash: hash, params: {}, partition: null });
    await expect(started).rejects.toMatchObject({ code: 'HDL-BAD-URI', where: expect.stringContaining('dataset d') });
    await expect(started).rejects.toThrow(why);
    expect(await openRuns(parts.catalog.db, 'default', 10)).toEqual([]);
    await expect(files.read(uri)).rejects.toMatchObject({ code: 'HDL-BAD-URI' });
    await expect(files.write(uri, Buffer.from('x'))).rejects.toMatchObject({ code: 'HDL-BAD-URI' });
  });
});
