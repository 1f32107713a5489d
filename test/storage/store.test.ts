import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { iterateItems, joinPages, readItemsPage, writeItems, writePage } from '../../storage/items.ts';
import { openStore } from '../../storage/store.ts';
import { loadInputs, loadValue, storeValue } from '../../storage/values.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-store-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

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

describe('item lists', () => {
  it('hold any number of items in pages of 500', async () => {
    const list = await writeItems(store, 'store://lists/a', (function* () { for (let i = 0; i < 1234; i++) yield i; })());
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
