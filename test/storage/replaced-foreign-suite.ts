/** Partitions that other systems and ours write in turns: each publish of ours finds its place, and what was replaced is kept. Tests only. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { newestGeneration } from '../../storage/datasets/newest-generation.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { childUri } from '../../storage/uri.ts';
import type { Store } from '../../storage/store.ts';
import { KEY, numbers, PATH, stage, valuesOf, visible } from '../commit/commit-kit.ts';

export function replacedForeignSuite(open: () => Store): void {
  let store: Store;
  beforeAll(() => {
    store = open();
  });
  async function sparkWrites(d: DatasetDef, values: readonly number[]): Promise<SliceHandle> {
    const { staging } = await stage(store, numbers(), values, 'spark');
    const target = childUri(store.resolve(d.uri), PATH);
    await store.remove(target, { recursive: true }); // as its overwrite mode does
    await store.write(childUri(target, 'part-00000-a1.snappy.parquet'), await store.read(childUri(staging, 'part-00000.parquet')));
    await store.write(childUri(target, '_SUCCESS'), new Uint8Array());
    const slice = await pinSlice(store, d, [KEY]);
    if ('missing' in slice) throw new Error(slice.missing);
    return slice;
  }
  /** Under the number that the server gives out; `known`: the highest in its catalog. */
  async function publish(d: DatasetDef, values: readonly number[], known: number, isNumbered: boolean): Promise<SliceHandle> {
    const generation = 1 + Math.max(known, await newestGeneration(store, store.resolve(d.uri), PATH));
    return publishPartition(store, await stage(store, d, values, `r${values.join('-')}`), { replace: true, ...(isNumbered && { generation }) });
  }

  describe.each([
    ['with numbers of the server', true],
    ['without', false],
  ])('%s', (_, isNumbered) => {
    it('publishes of ours replace a partition of another system, and each other after that', async () => {
      const d = numbers();
      const spark = await sparkWrites(d, [1, 2]);
      const slices = [];
      for (const n of [3, 4, 5, 6]) slices.push(await publish(d, [n], slices.length, isNumbered));
      expect(await visible(store, d)).toEqual([6]);
      expect(await Promise.all(slices.map((slice) => valuesOf(store, d, slice)))).toEqual([[3], [4], [5], [6]]);
      expect(await valuesOf(store, d, spark)).toEqual([1, 2]);
    });
    it('another system overwrites ours in between, twice: ours come after it, and what it wrote stays readable for who pinned it', async () => {
      const d = numbers();
      await publish(d, [1], 0, isNumbered);
      const two = await publish(d, [2], 1, isNumbered);
      const first = await sparkWrites(d, [7]);
      const three = await publish(d, [3], 2, isNumbered);
      const second = await sparkWrites(d, [8]);
      await publish(d, [4], 3, isNumbered);
      await publish(d, [5], 4, isNumbered);
      expect(await visible(store, d)).toEqual([5]);
      expect(await valuesOf(store, d, first)).toEqual([7]);
      expect(await valuesOf(store, d, second)).toEqual([8]);
      for (const lost of [two, three]) await expect(valuesOf(store, d, lost)).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
    });
  });
}
