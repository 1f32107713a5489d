/** Partitions that another system wrote, or that somebody changed by hand: read as they were pinned, or refused with the reason. Tests only. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { childUri } from '../../storage/uri.ts';
import type { Store } from '../../storage/store.ts';
import { KEY, numbers, PATH, stage, valuesOf, visible } from '../commit/commit-kit.ts';

/** `open` is called once, before the tests. `setTime`: of a file, in ms since the epoch. */
export function foreignSuite(open: () => Store, setTime: (uri: string, ms: number) => Promise<void> | void): void {
  let store: Store;
  beforeAll(() => {
    store = open();
  });
  /** As Spark leaves it: parts under names of its own, a marker, hidden files. */
  async function sparkWrites(d: DatasetDef, parts: Readonly<Record<string, readonly number[]>>, marker = true): Promise<void> {
    const target = childUri(store.resolve(d.uri), PATH);
    for (const [name, values] of Object.entries(parts)) {
      const { staging } = await stage(store, numbers(), values, 'spark');
      await store.write(childUri(target, name), await store.read(childUri(staging, 'part-00000.parquet')));
      await store.write(childUri(target, `.${name}.crc`), Buffer.from('crc'));
    }
    if (marker) await store.write(childUri(target, '_SUCCESS'), new Uint8Array());
  }
  const PARTS = { 'part-00000-a1.snappy.parquet': [1, 2, 3], 'part-00001-a1.snappy.parquet': [4] };
  async function pin(d: DatasetDef): Promise<SliceHandle> {
    const slice = await pinSlice(store, d, [KEY]);
    if ('missing' in slice) throw new Error(slice.missing);
    return slice;
  }

  describe('a partition of another system', () => {
    it('is read, with its rows counted by the footers', async () => {
      const d = numbers();
      await sparkWrites(d, PARTS);
      const slice = await pin(d);
      expect(slice).toMatchObject({ rows: 4, partitions: [{ path: PATH, generation: 0 }] });
      expect(await valuesOf(store, d, slice)).toEqual([1, 2, 3, 4]);
      expect(await pin(d)).toEqual(slice);
      expect((await store.list(store.resolve(d.uri))).map(({ uri }) => uri)).toEqual([childUri(store.resolve(d.uri), PATH)]); // nothing of ours in it
    });
    it('without its marker is not there yet', async () => {
      const d = numbers();
      await sparkWrites(d, PARTS, false);
      expect(await visible(store, d)).toBeNull();
    });
    const target = (d: DatasetDef, file: string): string => childUri(store.resolve(d.uri), PATH, file);
    it.each([
      [
        'another length',
        'bytes now, and had',
        (d: DatasetDef) => sparkWrites(d, { 'part-00001-a1.snappy.parquet': Array.from({ length: 500 }, (_, i) => i * i) }),
      ],
      ['a later time', 'was written at', (d: DatasetDef) => setTime(target(d, 'part-00001-a1.snappy.parquet'), 1_000)],
      ['a file more', 'part-00002.parquet came in', (d: DatasetDef) => sparkWrites(d, { 'part-00002.parquet': [9] })],
      ['a file less', 'is not there any more', (d: DatasetDef) => store.remove(childUri(store.resolve(d.uri), PATH, 'part-00000-a1.snappy.parquet'))],
      ['nothing left', 'is not there any more', (d: DatasetDef) => store.remove(childUri(store.resolve(d.uri), PATH), { recursive: true })],
    ])('that was rewritten after the pin (%s) fails the read with that reason, before a row comes out', async (_, why, rewrite) => {
      const d = numbers();
      await sparkWrites(d, PARTS);
      const slice = await pin(d);
      await rewrite(d);
      const read = valuesOf(store, d, slice);
      await expect(read).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
      await expect(read).rejects.toThrow(why);
    });
    it('that has the same length and time, and another content, is told by its checksum', async () => {
      const d = numbers();
      await sparkWrites(d, PARTS);
      const slice = await pin(d);
      const file = target(d, 'part-00000-a1.snappy.parquet');
      const uri = childUri(store.resolve(d.uri), PATH, 'part-00000-a1.snappy.parquet');
      const { mtimeMs } = (await store.stat(uri)) ?? { mtimeMs: 0 };
      const bytes = await store.read(uri);
      await store.write(
        uri,
        bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
      );
      await setTime(file, mtimeMs);
      await expect(valuesOf(store, d, slice)).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
    });
    it('that a publish of ours replaces stays readable for who pinned it', async () => {
      const d = numbers();
      await sparkWrites(d, PARTS);
      const slice = await pin(d);
      const own = await publishPartition(store, await stage(store, d, [7], 'r1'), { replace: true });
      expect(await visible(store, d)).toEqual([7]);
      expect(await valuesOf(store, d, slice)).toEqual([1, 2, 3, 4]);
      expect(own.partitions).toMatchObject([{ generation: 2 }]);
    });
    it('with a file that is no Parquet is refused at the pin', async () => {
      const d = numbers();
      await sparkWrites(d, PARTS);
      await store.write(childUri(store.resolve(d.uri), PATH, 'table.parquet'), Buffer.from('id,delay\n1,2\n'));
      await expect(pinSlice(store, d, [KEY])).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
    });
  });

  describe('a manifest that was edited by hand', () => {
    it.each([
      ['another count', (text: string) => text.replace(/"rows": 2/g, '"rows": 3')],
      ['another run', (text: string) => text.replace('"r1"', '"r9"')],
      ['no JSON', (text: string) => text.slice(5)],
    ])('%s: is refused, by the pin and by who pinned it before', async (_, edit) => {
      const d = numbers();
      const slice = await publishPartition(store, await stage(store, d, [1, 2], 'r1'), { replace: true });
      const uri = childUri(store.resolve(d.uri), PATH, '_manifest.json');
      await store.write(uri, Buffer.from(edit(Buffer.from(await store.read(uri)).toString('utf8'))));
      await expect(pinSlice(store, d, [KEY])).rejects.toMatchObject({ code: 'HDL-MANIFEST' });
      await expect(valuesOf(store, d, slice)).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
    });
    it('can be mended by publishing anew', async () => {
      const d = numbers();
      await publishPartition(store, await stage(store, d, [1, 2], 'r1'), { replace: true });
      await store.write(childUri(store.resolve(d.uri), PATH, '_manifest.json'), Buffer.from('{}'));
      await publishPartition(store, await stage(store, d, [3], 'r2'), { replace: true });
      expect(await visible(store, d)).toEqual([3]);
    });
  });
}
