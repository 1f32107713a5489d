/**
 * Publishing under crashes, retries and company: a process is killed before or after each of its writes, and whoever comes
 * next (the retried activity, a reader, another run) finds the old partition or the new one, whole.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { cleanStaging } from '../../storage/datasets/clean-staging.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { readSlice } from '../../storage/datasets/read-slice.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openStore, type Store } from '../../storage/store.ts';
import { childUri, nameOfUri } from '../../storage/uri.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-publish-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const KEY = { day: '2001-03-01' };
let n = 0;
const dataset = (): DatasetDef => ({
  name: 'd',
  uri: `store://d${n++}`,
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
});
type Staged = Parameters<typeof publishPartition>[1];
const stage = async (d: DatasetDef, value: number, runId: string, attempt = 1): Promise<Staged> =>
  (
    await stagePartition(store, d, KEY, [{ n: value }], {
      runId,
      step: 'build[a/b]',
      attempt,
      planHash: 'p',
      task: 't',
      version: '1',
      codeDigest: null,
      inputs: [],
    })
  ).staged;
const publish = (staged: Staged, by: Store = store): Promise<SliceHandle> => publishPartition(by, staged, { replace: true });
async function valuesOf(d: DatasetDef, slice: SliceHandle): Promise<number[]> {
  const values: number[] = [];
  for await (const batch of readSlice(store, d, slice)) values.push(...(Array.from(batch.columns['n'] ?? []) as number[]));
  return values;
}
async function visible(d: DatasetDef): Promise<number[] | null> {
  const slice = await pinSlice(store, d, [KEY]);
  return 'missing' in slice ? null : valuesOf(d, slice);
}

class Killed extends Error {}
/** Dies at its `at`-th write, before or after it: from then on nothing it does happens. */
function dying(at: number, when: 'before' | 'after'): { readonly store: Store; readonly died: () => boolean } {
  let writes = 0;
  let dead = false;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Killed();
    if (++writes < at) return work();
    if (when === 'after') await work();
    dead = true;
    throw new Killed();
  };
  return {
    died: () => dead,
    store: {
      ...store,
      write: (uri, content) => step(() => store.write(uri, content)),
      renameFolder: (from, to) => step(() => store.renameFolder(from, to)),
      remove: (uri, options) => step(() => store.remove(uri, options)),
      makeFolder: (uri) => step(() => store.makeFolder(uri)),
      read: (uri, range) => (dead ? Promise.reject(new Killed()) : store.read(uri, range)),
      stat: (uri) => (dead ? Promise.reject(new Killed()) : store.stat(uri)),
      list: (uri) => (dead ? Promise.reject(new Killed()) : store.list(uri)),
    },
  };
}
const POINTS = [1, 2, 3, 4, 5, 6].flatMap((at) => (['before', 'after'] as const).map((when) => ({ at, when })));

describe.each(POINTS)('a publish that is killed $when its write $at', ({ at, when }) => {
  it('of a first partition: published or not, and the retry ends it', async () => {
    const d = dataset();
    const staged = await stage(d, 1, 'r1');
    const process = dying(at, when);
    const result = await publish(staged, process.store).catch((error: unknown) => error);
    if (process.died()) expect(result).toBeInstanceOf(Killed);
    expect([null, [1]]).toContainEqual(await visible(d));
    const slice = await publish(staged);
    expect(await valuesOf(d, slice)).toEqual([1]);
    expect(await publish(staged)).toEqual(slice);
    expect(slice.partitions).toMatchObject([{ generation: 1 }]);
  });

  it('of a replacement: readers find the old or the new, never nothing, and the retry ends it', async () => {
    const d = dataset();
    await publish(await stage(d, 1, 'r1'));
    const pinned = await pinSlice(store, d, [KEY]);
    const staged = await stage(d, 2, 'r2');
    const process = dying(at, when);
    await publish(staged, process.store).catch(() => undefined);
    expect([[1], [2]]).toContainEqual(await visible(d)); // also repairs
    const slice = await publish(staged);
    expect(slice.partitions).toMatchObject([{ generation: 2 }]);
    expect(await valuesOf(d, slice)).toEqual([2]);
    expect(await visible(d)).toEqual([2]);
    expect(await valuesOf(d, pinned as SliceHandle)).toEqual([1]); // who pinned the old one goes on reading it
    expect((await listPartitions(store, d)).partitions.map(({ path }) => path)).toEqual(['day=2001-03-01']);
    expect((await store.list(childUri(store.resolve(d.uri), '.heddle', 'gen', 'day=2001-03-01'))).map(({ uri }) => nameOfUri(uri))).toEqual(['1']); // no intent is left
  });

  it('of a replacement that is never retried: the next run replaces what is there', async () => {
    const d = dataset();
    await publish(await stage(d, 1, 'r1'));
    await publish(await stage(d, 2, 'r2'), dying(at, when).store).catch(() => undefined);
    const slice = await publish(await stage(d, 3, 'r3'));
    expect(await valuesOf(d, slice)).toEqual([3]);
    expect(await visible(d)).toEqual([3]);
  });

  it('of a replacement whose staging was then cleaned away: the old partition is there', async () => {
    const d = dataset();
    await publish(await stage(d, 1, 'r1'));
    await publish(await stage(d, 2, 'r2'), dying(at, when).store).catch(() => undefined);
    await cleanStaging(store, d, 'r2');
    expect([[1], [2]]).toContainEqual(await visible(d));
  });
});

describe('two at once', () => {
  it('that publish the same are both done', async () => {
    const d = dataset();
    const staged = await stage(d, 1, 'r1');
    const [a, b] = await Promise.all([publish(staged), publish(staged)]);
    expect(a).toEqual(b);
    expect(await visible(d)).toEqual([1]);
  });
  it('that publish different runs: one is in place, the other an older generation, nothing is lost', async () => {
    for (let round = 0; round < 5; round++) {
      const d = dataset();
      if (round % 2) await publish(await stage(d, 0, 'r0'));
      const staged = await Promise.all([1, 2, 3].map((value) => stage(d, value, `r${value}`)));
      const slices = await Promise.all(staged.map((one) => publish(one)));
      expect((await Promise.all(slices.map((slice) => valuesOf(d, slice)))).flat()).toEqual([1, 2, 3]);
      expect([[1], [2], [3]]).toContainEqual(await visible(d));
      expect((await listPartitions(store, d)).partitions).toHaveLength(1);
    }
  });
  it('a reader and replacements: each pin reads whole', async () => {
    const d = dataset();
    await publish(await stage(d, 0, 'r0'));
    let over = false;
    const seen: number[] = [];
    const reader = (async () => {
      while (!over) {
        const values = await visible(d);
        expect(values).toHaveLength(1); // an outside reader may see a gap of one rename; a pin closes it
        seen.push(...(values ?? []));
      }
    })();
    for (let value = 1; value <= 6; value++) await publish(await stage(d, value, `r${value}`));
    over = true;
    await reader;
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});

describe('a publish asked for again', () => {
  it('after another run has replaced it is still done', async () => {
    const d = dataset();
    const first = await stage(d, 1, 'r1');
    const slice = await publish(first);
    await publish(await stage(d, 2, 'r2'));
    expect(await publish(first)).toEqual(slice);
    expect(await visible(d)).toEqual([2]);
  });
  it('takes what attempts of its step have staged with it, and leaves those of others', async () => {
    const d = dataset();
    await stage(d, 7, 'r1', 1);
    const accepted = await stage(d, 7, 'r1', 2);
    const other = await stage(d, 8, 'r2');
    await publish(accepted);
    const staging = childUri(store.resolve(d.uri), '.heddle', 'staging');
    expect(await store.list(childUri(staging, 'r1'))).toEqual([]);
    expect(await store.list(other.staging)).toHaveLength(3);
    await cleanStaging(store, d, 'r2');
    expect((await store.list(staging)).map(({ uri }) => nameOfUri(uri))).toEqual(['r1']);
  });
  it('without leave to replace is refused, and nothing is moved', async () => {
    const d = dataset();
    await publish(await stage(d, 1, 'r1'));
    const staged = await stage(d, 2, 'r2');
    await expect(publishPartition(store, staged, { replace: false })).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
    expect(await visible(d)).toEqual([1]);
    expect(await store.stat(childUri(staged.staging, '_manifest.json'))).not.toBeNull();
  });
  it('onto a folder that another system wrote keeps that as a generation', async () => {
    const d = dataset();
    await store.write(`${store.resolve(d.uri)}/day=2001-03-01/foreign.parquet`, Buffer.from('x'));
    expect(await visible(d)).toBeNull();
    await expect(publishPartition(store, await stage(d, 1, 'r0'), { replace: false })).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
    await publish(await stage(d, 1, 'r1'));
    expect(await visible(d)).toEqual([1]);
    expect(await store.stat(`${store.resolve(d.uri)}/.heddle/gen/day=2001-03-01/1/foreign.parquet`)).not.toBeNull();
  });
});

describe('a staging that is not what was staged is not published', () => {
  it.each([
    ['it is gone', 'HDL-STAGING-GONE', async (staged: Staged) => store.remove(staged.staging, { recursive: true })],
    ['a file is lost', 'HDL-MANIFEST', async (staged: Staged) => store.remove(`${staged.staging}/part-00000.parquet`)],
    ['a file is cut off', 'HDL-MANIFEST', async (staged: Staged) => void (await store.write(`${staged.staging}/part-00000.parquet`, Buffer.from('PAR1')))],
    ['a file came in', 'HDL-MANIFEST', async (staged: Staged) => void (await store.write(`${staged.staging}/part-00001.parquet`, Buffer.from('PAR1')))],
    ['its marker is lost', 'HDL-MANIFEST', async (staged: Staged) => store.remove(`${staged.staging}/_SUCCESS`)],
    ['its manifest is lost', 'HDL-MANIFEST', async (staged: Staged) => store.remove(`${staged.staging}/_manifest.json`)],
    [
      'its manifest is another',
      'HDL-MANIFEST',
      async (staged: Staged) => void (await store.write(`${staged.staging}/_manifest.json`, Buffer.from('{"format":1,"files":[]}'))),
    ],
    ['its manifest is no JSON', 'HDL-MANIFEST', async (staged: Staged) => void (await store.write(`${staged.staging}/_manifest.json`, Buffer.from('{')))],
  ])('%s: %s', async (_, code, spoil) => {
    const d = dataset();
    const staged = await stage(d, 1, 'r1');
    await spoil(staged);
    await expect(publish(staged)).rejects.toMatchObject({ code });
    expect(await visible(d)).toBeNull();
  });
});
