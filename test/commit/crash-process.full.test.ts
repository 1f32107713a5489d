/** The crash matrix with real processes, each killed with SIGKILL before or after a point, in a replacement. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { cleanStaging } from '../../storage/datasets/clean-staging.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { childUri } from '../../storage/uri.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { numbers, openTestStore, PATH, stage, valuesOf, visible, type Staged } from './commit-kit.ts';
import { POINTS } from './crash-points.ts';

const { store, folder, close } = openTestStore();
afterAll(close);
const program = fileURLToPath(new URL('./dying-process.ts', import.meta.url));

/** How it ended, and what it had staged, if it came so far. */
async function run(
  d: DatasetDef,
  values: readonly number[],
  generation: number,
  point: string,
  when: string,
): Promise<{ signal: string | null; staged: Staged | null }> {
  const words = [folder, JSON.stringify(d), JSON.stringify(values), `r${generation}`, String(generation), point, when];
  const child = spawn(process.execPath, ['--conditions=heddle-source', program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  const signal = await new Promise<string | null>((resolve) => {
    child.once('close', (_code, by) => {
      resolve(by);
    });
  });
  return { signal, staged: said === '' ? null : (JSON.parse(said) as Staged) };
}

describe.each(POINTS.flatMap((point) => (['before', 'after'] as const).map((when) => ({ point, when }))))(
  'a process killed $when "$point"',
  ({ point, when }) => {
    it('leaves the old partition or the new one; the next ends it, and the old one stays readable', { timeout: 60_000 }, async () => {
      const d = numbers();
      const old = await publishPartition(store, await stage(store, d, [1, 2], 'r1'), { replace: true, generation: 1 });
      const killed = await run(d, [3, 4, 5], 2, point, when);
      expect(killed.signal).toBe('SIGKILL');
      expect([
        [1, 2],
        [3, 4, 5],
      ]).toContainEqual(await visible(store, d));
      const next = killed.staged ?? (await stage(store, d, [3, 4, 5], 'r2'));
      const slice = await publishPartition(store, next, { replace: true, generation: 2 });
      expect(await publishPartition(store, next, { replace: true, generation: 2 })).toEqual(slice);
      await cleanStaging(store, d, 'r2');
      expect(await visible(store, d)).toEqual([3, 4, 5]);
      expect(await valuesOf(store, d, old)).toEqual([1, 2]);
      const own = childUri(store.resolve(d.uri), '.heddle');
      expect((await store.list(childUri(own, 'gen', PATH))).map(({ folder: isFolder }) => isFolder)).toEqual([true]);
      expect((await store.list(childUri(own, 'staging'))).flatMap(({ uri }) => (uri.endsWith('/r2') ? [uri] : []))).toEqual([]);
    });
  },
);

it('a process that nobody kills ends well', { timeout: 60_000 }, async () => {
  const d = numbers();
  expect((await run(d, [7], 1, 'none', 'before')).signal).toBeNull();
  expect(await visible(store, d)).toEqual([7]);
});
