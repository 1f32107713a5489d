/** Checksums of other systems' files: found out once, a few at a time, taken up where they were, and told while they go on. */
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { childUri } from '../../storage/uri.ts';
import type { Store } from '../../storage/store.ts';
import { KEY, numbers, openTestStore, PATH, stage } from '../commit/commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

async function foreign(files: number): Promise<DatasetDef> {
  const d = numbers();
  const { staging } = await stage(store, numbers(), [1, 2], 'spark');
  const bytes = await store.read(childUri(staging, 'part-00000.parquet'));
  const target = childUri(store.resolve(d.uri), PATH);
  for (let i = 0; i < files; i++) await store.write(childUri(target, `part-${i}.parquet`), bytes);
  await store.write(childUri(target, '_SUCCESS'), new Uint8Array());
  return d;
}
/** `before`: what happens before each checksum. */
function watched(before: (uri: string) => Promise<void> = async () => undefined): { store: Store; checksums: string[]; most: () => number } {
  const checksums: string[] = [];
  let now = 0;
  let most = 0;
  return {
    checksums,
    most: () => most,
    store: {
      ...store,
      async checksum(uri) {
        checksums.push(uri);
        most = Math.max(most, ++now);
        try {
          await before(uri);
          return await store.checksum(uri);
        } finally {
          now--;
        }
      },
    },
  };
}

describe('the checksums of a partition of another system', () => {
  it('are made once for all who pin it, whether at the same time or after', async () => {
    const d = await foreign(5);
    const { store: counted, checksums } = watched();
    const [a, b] = await Promise.all([pinSlice(counted, d, [KEY]), pinSlice(counted, d, [KEY])]);
    expect(a).toEqual(b);
    expect(await pinSlice(counted, d, [KEY])).toEqual(a);
    expect(checksums).toHaveLength(5);
  });
  it('are made anew for the file that was rewritten, and for no other', async () => {
    const d = await foreign(5);
    const { store: counted, checksums } = watched();
    const before = await pinSlice(counted, d, [KEY]);
    const other = (await stage(store, numbers(), [1, 2, 3, 4], 'spark')).staging;
    const uri = childUri(store.resolve(d.uri), PATH, 'part-3.parquet');
    await store.write(uri, await store.read(childUri(other, 'part-00000.parquet')));
    expect(await pinSlice(counted, d, [KEY])).toMatchObject({ rows: 12 });
    expect(before).toMatchObject({ rows: 10 });
    expect(checksums.slice(5)).toEqual([uri]);
  });
  it('go on where a pin was given up: files that are done are not read again', async () => {
    const d = await foreign(30);
    const { store: counted, checksums } = watched();
    const stop = new AbortController();
    let files = 0;
    const onFile = (): void => {
      if (++files === 20) stop.abort(new Error('the attempt was given up'));
    };
    await expect(pinSlice(counted, d, [KEY], { signal: stop.signal, onFile })).rejects.toThrow('the attempt was given up');
    expect(await pinSlice(counted, d, [KEY], { onFile })).toMatchObject({ rows: 60 });
    expect(checksums.toSorted()).toEqual([...new Set(checksums)].toSorted());
    expect(checksums).toHaveLength(30);
    expect(files).toBeGreaterThanOrEqual(50);
  });
  it('are asked for eight at a time, of all partitions together', async () => {
    const d = await foreign(20);
    const root = store.resolve(d.uri);
    for (const day of ['2001-03-02', '2001-03-03']) {
      for (const { uri, folder } of await store.list(childUri(root, PATH)))
        if (!folder) await store.write(uri.replace(PATH, `day=${day}`), await store.read(uri));
    }
    const { store: counted, most } = watched(() => new Promise((resolve) => setImmediate(resolve)));
    expect(await pinSlice(counted, d, [KEY, { day: '2001-03-02' }, { day: '2001-03-03' }])).toMatchObject({ rows: 120 });
    expect(most()).toBe(8);
  });
  it('that fail are asked for again', async () => {
    const d = await foreign(1);
    let fails = true;
    const { store: counted } = watched(async () => {
      if (fails) throw new Error('the disk is away');
    });
    await expect(pinSlice(counted, d, [KEY])).rejects.toThrow('the disk is away');
    fails = false;
    expect(await pinSlice(counted, d, [KEY])).toMatchObject({ rows: 2 });
  });
});
