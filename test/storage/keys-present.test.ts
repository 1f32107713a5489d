/** What a slice that leaves dimensions open means: the partitions that lie in the dataset's folder now. On a real store. */
import { afterAll, expect, it } from 'vitest';
import { keySetOf } from '../../calendar/keys-of.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { keysPresent } from '../../storage/datasets/keys-present.ts';
import { pinPresent } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { childUri } from '../../storage/uri.ts';
import { numbers, openTestStore, stage } from '../commit/commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

async function pages(): Promise<DatasetDef> {
  const d: DatasetDef = { ...numbers(), partitions: { day: { kind: 'day', start: '2001-01-01' }, page: { kind: 'dynamic' } } };
  for (const [day, page] of [
    ['2001-03-01', 'a'],
    ['2001-03-01', 'b/c:d'],
    ['2001-03-02', 'a'],
  ] as const) {
    const key = { day, page };
    await publishPartition(store, await stage(store, d, [1], `r-${day}-${page.length}`, { key }), { replace: true });
  }
  return d;
}

it('dynamic keys of a day are those that are published, escaped ones too', async () => {
  const d = await pages();
  const set = keySetOf(d.partitions, 'within', { day: '2001-03-01T00:00:00Z/2001-03-02T00:00:00Z' });
  const keys = await keysPresent(store, d, set);
  expect(keys).toEqual([
    { day: '2001-03-01', page: 'a' },
    { day: '2001-03-01', page: 'b/c:d' },
  ]);
  expect(await pinPresent(store, d, keys)).toMatchObject({ rows: 2 });
});
it('where() may leave time open too', async () => {
  const d = await pages();
  expect(await keysPresent(store, d, keySetOf(d.partitions, 'where', { page: 'a' }))).toEqual([
    { day: '2001-03-01', page: 'a' },
    { day: '2001-03-02', page: 'a' },
  ]);
});
it('a folder that names no partition is passed over, and a day without any gives none', async () => {
  const d = await pages();
  await store.write(childUri(store.resolve(d.uri), 'day=yesterday', 'page=a', 'x'), Buffer.from('x'));
  expect(await keysPresent(store, d, keySetOf(d.partitions, 'where', { page: 'a' }))).toHaveLength(2);
  expect(await keysPresent(store, d, keySetOf(d.partitions, 'where', { day: '2001-03-09' }))).toEqual([]);
});
