/** Listings of a dataset survive what people do to its folders: the others are listed, and the damaged one is named with its reason. */
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { childUri } from '../../storage/uri.ts';
import { numbers, openTestStore, stage } from '../commit/commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

const DAYS = ['2001-03-01', '2001-03-02', '2001-03-03'];
async function threeDays(): Promise<DatasetDef> {
  const d = numbers();
  for (const day of DAYS) await publishPartition(store, await stage(store, d, [1], `r-${day}`, { key: { day } }), { replace: true });
  return d;
}
const fileOf = (d: DatasetDef, day: string, name: string): string => childUri(store.resolve(d.uri), `day=${day}`, name);

describe('a listing with a damaged partition', () => {
  it.each([
    [
      'its manifest was edited',
      'somebody edited it',
      async (uri: string) => store.write(uri, Buffer.from(`${Buffer.from(await store.read(uri)).toString()} `)),
    ],
    ['its manifest is no JSON', 'has lost its _manifest.json, or it is none', (uri: string) => store.write(uri, Buffer.from('{'))],
    ['its manifest has no counts', 'or it is none', (uri: string) => store.write(uri, Buffer.from('{"format":1,"files":[]}'))],
    ['its manifest is lost', 'has lost its _manifest.json', (uri: string) => store.remove(uri)],
  ])('where %s: gives the others, and this one with the reason', async (_, why, damage) => {
    const d = await threeDays();
    await damage(fileOf(d, '2001-03-02', '_manifest.json'));
    const { partitions, damaged } = await listPartitions(store, d);
    expect(partitions.map(({ key }) => key['day'])).toEqual(['2001-03-01', '2001-03-03']);
    expect(damaged).toEqual([{ path: 'day=2001-03-02', key: { day: '2001-03-02' }, code: 'HDL-MANIFEST', why: expect.stringContaining(why) }]);
  });

  it('where its folder names no day: gives the others, and says why', async () => {
    const d = await threeDays();
    const root = store.resolve(d.uri);
    await store.renameFolder(childUri(root, 'day=2001-03-02'), childUri(root, 'day=yesterday'));
    const { partitions, damaged } = await listPartitions(store, d);
    expect(partitions.map(({ key }) => key['day'])).toEqual(['2001-03-01', '2001-03-03']);
    expect(damaged).toMatchObject([{ path: 'day=yesterday', code: 'HDL-BAD-KEY', why: expect.stringContaining('yesterday') }]);
  });

  it('where its note is lost as well as its manifest edited away: the folder is none of ours', async () => {
    const d = await threeDays();
    await store.remove(fileOf(d, '2001-03-02', '_generation.json'));
    await store.remove(fileOf(d, '2001-03-02', '_manifest.json'));
    expect(await listPartitions(store, d)).toMatchObject({ partitions: [{}, {}], damaged: [] });
  });

  it('fails where the store itself fails: a listing with holes would be taken for the whole', async () => {
    const d = await threeDays();
    const broken: typeof store = {
      ...store,
      read: (uri, options) => (uri.includes('03-02') ? Promise.reject(new Error('the disk is gone')) : store.read(uri, options)),
    };
    await expect(listPartitions(broken, d)).rejects.toThrow('the disk is gone');
  });
});
