import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Json } from '../../dsl/plan/types.ts';
import { iterateItems, joinPages, readItemsPage, writeItems, writePage } from '../../storage/items.ts';
import { openStore, type Store } from '../../storage/store.ts';
import { loadInputs, loadValue, storeValue } from '../../storage/values.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-store-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('store:// is below the root and the project; file:/// is a local path; others are refused by name', () => {
  expect(store.resolve('store://a/b')).toBe(`${pathToFileURL(folder).href}/test/a/b`);
  expect(store.resolve('file:///tmp/x')).toBe('file:///tmp/x');
  expect(() => store.resolve('hdfs://ml/x')).toThrow(/HDL-BAD-URI/);
  expect(() => openStore({ root: 's3://bucket', project: 'p' })).toThrow(/HDL-BAD-URI/);
});

describe('stored values', () => {
  const value = { auc: 0.7, big: 'x'.repeat(5000), list: [1, 2, { n: 3 }] };
  it('come back as they were, with the kept paths inline', async () => {
    const stored = await storeValue(store, { runId: 'r', step: 's' }, value, [['auc'], ['list', '2', 'n']]);
    expect(stored.kept).toEqual({ auc: 0.7, 'list.2.n': 3 });
    expect(await loadValue(store, stored)).toEqual(value);
    expect(await loadInputs(store, { a: stored as never, b: [{ $storedPath: { stored, path: ['list', 'length'] } } as never] })).toEqual({ a: value, b: [3] });
  });
  it('that somebody edited are refused', async () => {
    const stored = await storeValue(store, { runId: 'r', step: 's' }, { n: 1 }, []);
    await store.write(stored.$stored.uri, Buffer.from('{"n":2}'));
    await expect(loadValue(store, stored)).rejects.toMatchObject({ code: 'HDL-VALUE-CHANGED' });
  });
});

describe('inputs', () => {
  it('lose their stored values at any depth, each read once, and keep the list of a slice where it is', async () => {
    let reads = 0;
    const counting: Store = {
      ...store,
      read: (uri, range) => {
        reads++;
        return store.read(uri, range);
      },
    };
    const inner = (await storeValue(store, { runId: 'r', step: 's' }, { deep: [1, 2] }, [])) as unknown as Json;
    const outer = (await storeValue(store, { runId: 'r', step: 's' }, { inner, name: 'x' }, [])) as unknown as Json;
    const slice = { kind: 'slice', dataset: 'd', uri: 'file:///d', digest: 'x', rows: 1, bytes: 1, partitions: inner };
    const path = (...segments: string[]): Json => ({ $storedPath: { stored: outer, path: segments } });
    expect(
      await loadInputs(counting, {
        a: [outer, outer],
        slice,
        b: path('inner', 'deep', '1'),
        c: path('inner', 'deep', 'length'),
        d: path('none', 'x'),
        e: path('inner', 'deep', '7'),
        f: path('name', 'length'),
      }),
    ).toEqual({
      a: [
        { inner: { deep: [1, 2] }, name: 'x' },
        { inner: { deep: [1, 2] }, name: 'x' },
      ],
      slice,
      b: 2,
      c: 2,
      d: null,
      e: null,
      f: null,
    });
    expect(reads).toBe(2);
  });
  it('whose stored value is gone say so', async () => {
    const stored = await storeValue(store, { runId: 'gone', step: 's' }, { n: 'gone' }, []);
    await store.remove(stored.$stored.uri);
    await expect(loadInputs(store, [stored as unknown as Json])).rejects.toThrow(/HDL-VALUE-CHANGED[^]*not there any more/);
  });
});

describe('item lists', () => {
  it('of 100,000 items are written and read page by page', async () => {
    let open = 0;
    let most = 0;
    async function* items() {
      for (let i = 0; i < 100_000; i++) {
        most = Math.max(most, ++open);
        yield { i, text: `item ${i}` };
        if (i % 500 === 499) open = 0;
      }
    }
    const list = await writeItems(store, 'store://lists/large', items());
    expect(list).toMatchObject({ count: 100_000, pageSize: 500 });
    expect(await readItemsPage(store, list, 199)).toHaveLength(500);
    expect(await readItemsPage(store, list, 200)).toEqual([]);
    let next = 0;
    for await (const item of iterateItems(store, list)) if ((item as { i: number }).i !== next++) throw new Error(`item ${next - 1} is out of order`);
    expect(next).toBe(100_000);
    expect(most).toBe(500);
  });
  it('of large items have fewer in a page, all pages alike, so that a map can read each', async () => {
    const item = (i: number) => ({ i, text: 'x'.repeat(16 * 1024) });
    const list = await writeItems(
      store,
      'store://lists/large-items',
      Array.from({ length: 700 }, (_, i) => item(i)),
    );
    expect(list.count).toBe(700);
    expect(list.pageSize).toBeGreaterThan(20);
    expect(list.pageSize).toBeLessThan(40);
    for (let page = 0; page * list.pageSize < 700; page++) {
      const items = (await readItemsPage(store, list, page)) as { i: number }[];
      expect(items).toHaveLength(Math.min(list.pageSize, 700 - page * list.pageSize));
      expect(items[0]?.i).toBe(page * list.pageSize);
      expect(Buffer.byteLength(JSON.stringify(items))).toBeLessThan(1024 * 1024);
    }
    const few = await writeItems(store, 'store://lists/few-large', [item(0), item(1)]);
    expect(await readItemsPage(store, few, 0)).toHaveLength(2);
    // results of the chunks of such a map, which another map may read
    const pages = [await writePage(store, 'store://lists/r0.json', [1, 2, 3]), await writePage(store, 'store://lists/r1.json', [4])];
    expect((await joinPages(store, 'store://lists/results', pages)).pageSize).toBe(3);
  });
  it('that begin with small items and go on with large ones say which page is too large for a map', async () => {
    const items = Array.from({ length: 900 }, (_, i) => (i < 500 ? i : 'x'.repeat(16 * 1024)));
    const list = await writeItems(store, 'store://lists/grows', items);
    expect(await readItemsPage(store, list, 0)).toHaveLength(500);
    await expect(readItemsPage(store, list, 1)).rejects.toThrow(/HDL-PAGE-TOO-LARGE: Items 500 to 899 of the list have 6\.3 MiB/);
    let count = 0;
    for await (const _ of iterateItems(store, list)) count++;
    expect(count).toBe(900);
  });
  it('joined of pages of any sizes keep their order, and an empty page is none the worse', async () => {
    const sizes = [3, 0, 500, 1, 20];
    let next = 0;
    const pages = [];
    for (const [i, size] of sizes.entries()) {
      const items = Array.from({ length: size }, () => next++);
      const { uri, count } = await writePage(store, `store://lists/sizes-${i}.json`, items);
      pages.push({ uri, count });
    }
    const list = await joinPages(store, 'store://lists/of-sizes', pages);
    expect(list.count).toBe(524);
    expect(await readItemsPage(store, list, 3)).toEqual([503]);
    const items = [];
    for await (const item of iterateItems(store, list)) items.push(item);
    expect(items).toEqual(Array.from({ length: 524 }, (_, i) => i));
  });
  it('whose pages or index were touched are refused', async () => {
    const write = async (name: string) => writeItems(store, `store://lists/${name}`, [1, 2, 3]);
    const edited = await write('edited');
    await store.write(`${edited.uri}/page-00000.json`, Buffer.from('[1,2,4]'));
    await expect(readItemsPage(store, edited, 0)).rejects.toMatchObject({ code: 'HDL-VALUE-CHANGED' });
    const lost = await write('lost');
    await store.remove(`${lost.uri}/page-00000.json`);
    await expect(iterateItems(store, lost).next()).rejects.toMatchObject({ code: 'HDL-VALUE-CHANGED' });
    const reindexed = await write('reindexed');
    await store.write(`${reindexed.uri}/index.json`, Buffer.from('{"pages":[]}'));
    await expect(readItemsPage(store, reindexed, 0)).rejects.toMatchObject({ code: 'HDL-VALUE-CHANGED' });
    const page = await writePage(store, 'store://lists/count.json', [1]);
    await expect(joinPages(store, 'store://lists/miscounted', [{ uri: page.uri, count: 2 }])).rejects.toThrow(
      /HDL-VALUE-CHANGED[^]*holds 1 items, and 2 were written/,
    );
  });
  it('hold JSON only', async () => {
    await expect(writeItems(store, 'store://lists/bad', [1, undefined as never])).rejects.toThrow(/HDL-NOT-JSON[^]*Item 1 of the list is undefined/);
  });

  it('hold any number of items in pages of 500', async () => {
    const list = await writeItems(
      store,
      'store://lists/a',
      (function* () {
        for (let i = 0; i < 1234; i++) yield i;
      })(),
    );
    expect(list).toMatchObject({ kind: 'items', count: 1234, pageSize: 500 });
    expect(await readItemsPage(store, list, 2)).toEqual(Array.from({ length: 234 }, (_, i) => 1000 + i));
    let sum = 0;
    for await (const item of iterateItems(store, list)) sum += item as number;
    expect(sum).toBe((1233 * 1234) / 2);
  });
  it('are joined of pages without copying them', async () => {
    const pages = [await writePage(store, 'store://lists/p0.json', [1, 2]), await writePage(store, 'store://lists/p1.json', [3])];
    const list = await joinPages(store, 'store://lists/joined', pages);
    const items = [];
    for await (const item of iterateItems(store, list)) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });
  it('may be empty', async () => {
    const list = await writeItems(store, 'store://lists/empty', []);
    expect(await readItemsPage(store, list, 0)).toEqual([]);
    expect(list.count).toBe(0);
  });
});
