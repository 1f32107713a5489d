/** What a publish costs at the store: at most ten calls more than its renames, however many files the partition has. */
import { afterAll, expect, it } from 'vitest';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { newestGeneration } from '../../storage/datasets/newest-generation.ts';
import { countingStore, manyFiles } from './counting-store.ts';
import { numbers, openTestStore, PATH, visible } from './commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

it.each([1, 100])('a partition of %i files, first and as a replacement, the number of the server included', async (files) => {
  const d = numbers();
  const root = store.resolve(d.uri);
  for (const [generation, renames] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const staged = await manyFiles(store, d, files, `r${generation}`);
    const { store: counted, calls } = countingStore(store);
    await newestGeneration(counted, root, PATH); // on the server, for a partition that its catalog does not know
    await publishPartition(counted, staged, { replace: true, generation });
    const others = calls.filter((call) => call !== 'rename');
    expect(calls.length - others.length).toBe(renames);
    expect(others.length, others.join(' ')).toBeLessThanOrEqual(10);
  }
  expect(await visible(store, d)).toHaveLength(files);
});
