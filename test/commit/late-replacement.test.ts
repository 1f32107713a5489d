/** Replacements that are found in a state that no single publish leaves: a sleeper's last rename, an intent that nobody can read. */
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { generationsOf, generationUri } from '../../storage/datasets/layout.ts';
import type { Store } from '../../storage/store.ts';
import { childUri } from '../../storage/uri.ts';
import { numbers, openTestStore, PATH, stage, visible, type Staged } from './commit-kit.ts';
import { dying, pointOf } from './crash-points.ts';

const { store, close } = openTestStore();
afterAll(close);

const publish = (by: Store, staged: Staged, generation: number): ReturnType<typeof publishPartition> =>
  publishPartition(by, staged, { replace: true, generation });

/** A store that waits before it moves a partition away, once. */
function sleeping(by: Store): { readonly store: Store; readonly asleep: Promise<void>; wake(): void } {
  let fallAsleep: () => void = () => undefined;
  let wake: () => void = () => undefined;
  const asleep = new Promise<void>((resolve) => (fallAsleep = resolve));
  const awake = new Promise<void>((resolve) => (wake = resolve));
  return {
    asleep,
    wake: () => {
      wake();
    },
    store: {
      ...by,
      async renameFolder(from, to) {
        if (pointOf('rename', from) === 'rename away') {
          fallAsleep();
          await awake;
        }
        await by.renameFolder(from, to);
      },
    },
  };
}

/** Generation 1, which a publish with number 2 is about to replace; meanwhile 3 comes, and 1 is put in place again as 4. */
async function sleptThrough(d: DatasetDef, by: Store): Promise<{ wake(): Promise<unknown>; late: Staged }> {
  await publish(store, await stage(store, d, [1], 'r1'), 1);
  const late = await stage(store, d, [2], 'r2');
  const sleeper = sleeping(by);
  const lateEnd = publish(sleeper.store, late, 2).catch((error: unknown) => error);
  await sleeper.asleep;
  await publish(store, await stage(store, d, [3], 'r3'), 3);
  const root = store.resolve(d.uri);
  const back = { ...(await stage(store, numbers(), [1], 'r1')), uri: root, dataset: d.name };
  const { digest } = await digestAt(generationUri(root, PATH, 1));
  await publishPartition(
    store,
    { ...back, staging: generationUri(root, PATH, 1), manifestDigest: digest },
    { replace: true, generation: 4, rollback: { from: 1, who: 'ann', note: null } },
  );
  expect(await visible(store, d)).toEqual([1]);
  return {
    late,
    wake: () => {
      sleeper.wake();
      return lateEnd;
    },
  };
}
async function digestAt(folder: string): Promise<{ readonly digest: string }> {
  const { readManifest } = await import('../../storage/datasets/manifest.ts');
  return (await readManifest(store, folder)) ?? { digest: '' };
}

describe('a publish that slept before its rename, while newer ones came and the number that it moves to became free', () => {
  it('is told so, and the newest is in place', async () => {
    const d = numbers();
    const { wake } = await sleptThrough(d, store);
    expect(await wake()).toMatchObject({ code: 'HDL-FENCED' });
    expect(await visible(store, d)).toEqual([1]);
  });
  it.each([
    ['a reader comes', (d: DatasetDef) => visible(store, d)],
    ['it is tried again', (_d: DatasetDef, late: Staged) => publish(store, late, 2).catch((error: unknown) => error)],
  ])('and dies after it: the newest is put back when %s, and nothing older takes its place', async (_, next) => {
    const d = numbers();
    const { wake, late } = await sleptThrough(d, dying(store, 'rename away', 'after').store);
    await wake();
    await next(d, late);
    expect(await visible(store, d)).toEqual([1]);
    await expect(publish(store, late, 2)).rejects.toMatchObject({ code: 'HDL-FENCED' });
    await publish(store, await stage(store, d, [5], 'r5'), 5);
    expect(await visible(store, d)).toEqual([5]);
  });
});

describe('an intent that cannot be read', () => {
  it.each([
    ['no JSON', '{'],
    ['another JSON', '{"staging":7}'],
  ])('(%s) hinders neither readers nor publishes, and goes', async (_, text) => {
    const d = numbers();
    await publish(store, await stage(store, d, [1], 'r1'), 1);
    const beside = generationsOf(store.resolve(d.uri), PATH);
    const intent = childUri(beside, 'intent-2-0123456789ab.json');
    await store.write(intent, Buffer.from(text));
    expect(await visible(store, d)).toEqual([1]);
    await publish(store, await stage(store, d, [3], 'r3'), 3);
    expect(await visible(store, d)).toEqual([3]);
    expect((await store.list(beside)).filter(({ folder }) => !folder)).toEqual([]);
  });
  it('while the partition is not in place: the newest old generation comes back', async () => {
    const d = numbers();
    await publish(store, await stage(store, d, [1], 'r1'), 1);
    const root = store.resolve(d.uri);
    await store.renameFolder(childUri(root, PATH), generationUri(root, PATH, 1));
    await store.write(childUri(generationsOf(root, PATH), 'intent-2-0123456789ab.json'), Buffer.from('{'));
    expect(await visible(store, d)).toEqual([1]);
  });
});
