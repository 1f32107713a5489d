/**
 * The crash matrix: a process dies before or after each named point of staging, publishing and recording, once a point. After
 * it, and after whoever comes next: each row exactly once, the manifest verifies, no staging is left, a second run is a no-op. Tests only.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { checkExpectations } from '../../storage/datasets/check-expectations.ts';
import { cleanStaging } from '../../storage/datasets/clean-staging.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { Store } from '../../storage/store.ts';
import { childUri } from '../../storage/uri.ts';
import { numbers, PATH, stage, visible, type Staged } from './commit-kit.ts';
import { dying, POINTS, type Point } from './crash-points.ts';

export function crashMatrixSuite(open: () => Store): void {
  let store: Store;
  beforeAll(() => {
    store = open();
  });
  const dataset = (): DatasetDef => numbers({ expect: { rows: { min: 1 }, unique: ['n'] } });
  const publish = (by: Store, staged: Staged, generation: number): ReturnType<typeof publishPartition> =>
    publishPartition(by, staged, { replace: true, generation, check: (manifest) => checkExpectations(by, staged, manifest) });

  /** The whole step: stage, then publish under the next number. Gives what was staged, as far as it came. */
  async function step(by: Store, d: DatasetDef, values: readonly number[], runId: string, generation: number): Promise<Staged | null> {
    const staged = await stage(by, d, values, runId).catch(() => null);
    if (staged) await publish(by, staged, generation).catch(() => undefined);
    return staged;
  }
  async function isWhole(d: DatasetDef, values: readonly number[]): Promise<void> {
    expect(await visible(store, d)).toEqual(values); // each file by its checksum
    const [partition, ...more] = (await listPartitions(store, d)).partitions;
    expect(more).toEqual([]);
    expect(partition?.manifest.rows).toBe(values.length);
    const own = childUri(store.resolve(d.uri), '.heddle');
    for (const run of await store.list(childUri(own, 'staging'))) expect(await store.list(run.uri)).toEqual([]);
    const beside = await store.list(childUri(own, 'gen', PATH));
    expect(beside.filter(({ folder }) => !folder)).toEqual([]); // no intent is left
  }

  describe.each(POINTS.flatMap((point) => (['before', 'after'] as const).map((when) => ({ point, when }))))('killed $when "$point"', ({ point, when }) => {
    const isReached = (replaces: boolean): boolean => replaces || !(['intent', 'rename away', 'intent removed'] as Point[]).includes(point);
    it.each([
      ['a first publish', false],
      ['a replacement', true],
    ])('in %s: the attempt after it, or the publish asked for again, ends it', async (_, replaces) => {
      const d = dataset();
      if (replaces) await step(store, d, [1, 2], 'r1', 1);
      const process = dying(store, point, when);
      const staged = await step(process.store, d, [3, 4, 5], 'r2', 2);
      expect(process.died()).toBe(isReached(replaces));
      expect([replaces ? [1, 2] : null, [3, 4, 5]]).toContainEqual(await visible(store, d)); // a reader, at once
      // accepted: published again under its number. Not accepted: the next attempt.
      const slice = staged ? await publish(store, staged, 2) : null;
      if (!staged) await step(store, d, [3, 4, 5], 'r2', 2);
      await cleanStaging(store, d, 'r2'); // as the end of the run does
      await isWhole(d, [3, 4, 5]);
      if (staged) expect(await publish(store, staged, 2)).toEqual(slice); // a second time: nothing to do
      await isWhole(d, [3, 4, 5]);
    });

    it('in a replacement that nobody ends: the run is cleaned up, and the next run replaces what is there', async () => {
      const d = dataset();
      await step(store, d, [1, 2], 'r1', 1);
      await step(dying(store, point, when).store, d, [3, 4, 5], 'r2', 2);
      await cleanStaging(store, d, 'r2');
      expect([
        [1, 2],
        [3, 4, 5],
      ]).toContainEqual(await visible(store, d));
      await step(store, d, [6], 'r3', 3);
      await isWhole(d, [6]);
    });

    it('while its successor publishes: the zombie that goes on is told, or finds itself replaced', async () => {
      const d = dataset();
      await step(store, d, [1, 2], 'r1', 1);
      const staged = await step(dying(store, point, when).store, d, [3, 4, 5], 'r2', 2);
      await step(store, d, [6, 7], 'r3', 3);
      await isVisible(d, [6, 7]);
      if (staged) {
        const told = await publish(store, staged, 2).catch((error: unknown) => error);
        if (told instanceof HeddleError) expect(told.code).toBe('HDL-FENCED');
        else expect(told).toMatchObject({ partitions: [{ generation: 2 }] });
      }
      await cleanStaging(store, d, 'r2');
      await isWhole(d, [6, 7]);
    });
  });
  const isVisible = async (d: DatasetDef, values: readonly number[]): Promise<void> => {
    expect(await visible(store, d)).toEqual(values);
  };

  describe('a store that fails between the two renames', () => {
    it.each(['HDL-STORE-FAILED', 'HDL-NOT-FOUND'] as const)('with %s: the old or the new is there, and the retry ends it', async (code) => {
      const d = dataset();
      await step(store, d, [1, 2], 'r1', 1);
      const staged = await stage(store, d, [3], 'r2');
      let renames = 0;
      const failing: Store = {
        ...store,
        async renameFolder(from, to) {
          if (++renames === 2) throw new HeddleError(code, { what: `The file system refused ${from}.` });
          await store.renameFolder(from, to);
        },
      };
      await publish(failing, staged, 2).catch(() => undefined);
      expect([[1, 2], [3]]).toContainEqual(await visible(store, d));
      await publish(store, staged, 2);
      await isWhole(d, [3]);
    });
  });
}
