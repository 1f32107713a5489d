/** The generation is the fencing token of a publish: who has a lower one than has been in place is told, and changes nothing. */
import { afterAll, describe, expect, it } from 'vitest';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { newestGeneration } from '../../storage/datasets/newest-generation.ts';
import type { Store } from '../../storage/store.ts';
import { childUri, nameOfUri } from '../../storage/uri.ts';
import { KEY, numbers, openTestStore, PATH, stage, valuesOf, visible, type Staged } from '../commit/commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);
const publish = (staged: Staged, generation: number, by: Store = store): Promise<SliceHandle> => publishPartition(by, staged, { replace: true, generation });
const kept = async (uri: string): Promise<string[]> =>
  (await store.list(childUri(store.resolve(uri), '.heddle', 'gen', PATH))).map((entry) => nameOfUri(entry.uri));

describe('two runs that publish one partition', () => {
  it('the lower number after the higher: told by whom it was overtaken, and the higher stays', async () => {
    const d = numbers();
    const [first, second] = [await stage(store, d, [1], 'r1'), await stage(store, d, [2], 'r2')];
    await publish(second, 8);
    const told = publish(first, 7);
    await expect(told).rejects.toMatchObject({ code: 'HDL-FENCED' });
    await expect(told).rejects.toThrow('d day=2001-03-01 was published as generation 8 by run r2 while this attempt held generation 7');
    expect(await visible(store, d)).toEqual([2]);
    expect(await kept(d.uri)).toEqual([]);
  });
  it('the lower number first: both publish, and the first is kept as an old generation', async () => {
    const d = numbers();
    const [first, second] = [await stage(store, d, [1], 'r1'), await stage(store, d, [2], 'r2')];
    const one = await publish(first, 7);
    await publish(second, 8);
    expect(await visible(store, d)).toEqual([2]);
    expect(await valuesOf(store, d, one)).toEqual([1]);
    expect(await kept(d.uri)).toEqual(['7']);
    expect(await publish(first, 7)).toEqual(one); // asked for again
  });
  it('at once, many times: one is in place, each row is there once, and whoever lost was told', async () => {
    for (let round = 0; round < 8; round++) {
      const d = numbers();
      if (round % 2) await publish(await stage(store, d, [0], 'r0'), 1);
      const staged = await Promise.all([11, 12, 13].map((value) => stage(store, d, [value], `r${value}`)));
      const ended = await Promise.allSettled(staged.map((one, i) => publish(one, 11 + i)));
      expect(await visible(store, d)).toEqual([13]);
      for (const [i, one] of ended.entries()) {
        if (one.status === 'fulfilled') expect(await valuesOf(store, d, one.value)).toEqual([11 + i]);
        else expect(one.reason).toMatchObject({ code: 'HDL-FENCED' });
      }
      const numbersKept = (await kept(d.uri)).map(Number);
      expect(numbersKept).toEqual(numbersKept.filter((number) => number === 1 || (number > 10 && number < 13)));
    }
  });
});

describe('a zombie', () => {
  /** Sleeps before its `at`-th rename, until `wake`. */
  function sleeper(at: number): { readonly store: Store; readonly asleep: Promise<void>; wake(): void } {
    let [fallAsleep, wake] = [(): void => undefined, (): void => undefined];
    const asleep = new Promise<void>((resolve) => {
      fallAsleep = resolve;
    });
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let renames = 0;
    const sleeping: Store = {
      ...store,
      async renameFolder(from, to) {
        if (++renames === at) {
          fallAsleep();
          await woken;
        }
        await store.renameFolder(from, to);
      },
    };
    return { store: sleeping, asleep, wake };
  }
  it('that slept before its only rename, while a newer run published, is told', async () => {
    const d = numbers();
    const zombie = sleeper(1);
    const told = publish(await stage(store, d, [1], 'r1'), 1, zombie.store);
    await zombie.asleep;
    await publish(await stage(store, d, [2], 'r2'), 2);
    zombie.wake();
    await expect(told).rejects.toMatchObject({ code: 'HDL-FENCED' });
    expect(await visible(store, d)).toEqual([2]);
  });
  it('that slept before it moved the old one away is told, and moves nothing', async () => {
    const d = numbers();
    await publish(await stage(store, d, [0], 'r0'), 1);
    const zombie = sleeper(1);
    const told = publish(await stage(store, d, [1], 'r1'), 2, zombie.store);
    await zombie.asleep;
    await publish(await stage(store, d, [2], 'r2'), 3);
    zombie.wake();
    await expect(told).rejects.toMatchObject({ code: 'HDL-FENCED' });
    expect(await visible(store, d)).toEqual([2]);
    expect(await kept(d.uri)).toEqual(['1']);
  });
  it('whose old generation was deleted meanwhile puts back what it took away', async () => {
    const d = numbers();
    await publish(await stage(store, d, [0], 'r0'), 1);
    const zombie = sleeper(1);
    const told = publish(await stage(store, d, [1], 'r1'), 2, zombie.store);
    await zombie.asleep;
    await publish(await stage(store, d, [2], 'r2'), 3);
    await store.remove(childUri(store.resolve(d.uri), '.heddle', 'gen', PATH, '1'), { recursive: true });
    zombie.wake();
    await expect(told).rejects.toMatchObject({ code: 'HDL-FENCED' });
    expect(await visible(store, d)).toEqual([2]);
  });
  it('that slept between its two renames while others read and published is told; each generation is there once', async () => {
    const d = numbers();
    const old = await publish(await stage(store, d, [0], 'r0'), 1);
    const zombie = sleeper(2);
    const slept = publish(await stage(store, d, [1], 'r1'), 2, zombie.store);
    await zombie.asleep;
    expect(await visible(store, d)).toEqual([1]); // a reader ends what it began
    await publish(await stage(store, d, [2], 'r2'), 3);
    zombie.wake();
    expect(await valuesOf(store, d, await slept)).toEqual([1]); // it was published, and has been replaced since
    expect(await visible(store, d)).toEqual([2]);
    expect(await valuesOf(store, d, old)).toEqual([0]);
    expect(await kept(d.uri)).toEqual(['1', '2']);
  });
  it('attempt writes into a folder of its own, though its number is given again', async () => {
    const d = numbers();
    const zombie = await stage(store, d, [7], 'r1');
    const accepted = await stage(store, d, [1], 'r1');
    expect(zombie.staging).not.toBe(accepted.staging);
    await store.write(childUri(zombie.staging, 'part-00000.parquet'), Buffer.from('late'));
    await publish(accepted, 1);
    expect(await visible(store, d)).toEqual([1]);
  });
});

it('a number that is gone is not forgotten: no lower one comes after it', async () => {
  const d = numbers();
  await store.write(childUri(store.resolve(d.uri), '.heddle', 'gen', PATH, 'gone-5'), new Uint8Array());
  await expect(publish(await stage(store, d, [1], 'r1'), 5)).rejects.toMatchObject({ code: 'HDL-FENCED' });
  expect(await newestGeneration(store, store.resolve(d.uri), PATH)).toBe(5);
  const slice = await publish(await stage(store, d, [1], 'r1'), 6);
  expect(slice.partitions).toMatchObject([{ generation: 6 }]);
  expect(await pinSlice(store, d, [KEY])).toEqual(slice);
});
