/** A reader in one process while another swaps versions: never a mix of two. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache } from '../../activities/cache/open-cache.ts';

it('a reader sees one version in each call while another process swaps them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-swap-'));
  const writer = spawn(process.execPath, ['--conditions=heddle-source', join(import.meta.dirname, 'swapping-writer.ts'), folder, '300'], { stdio: 'inherit' });
  let code: number | null | undefined;
  writer.once('exit', (ended) => (code = ended));
  const store = await openCache({ kind: 'embedded', folder }, 'flights');
  const reader = cacheReader(store);
  const keys = Array.from({ length: 200 }, (_, i) => `k${String(i).padStart(3, '0')}`);
  const seen = new Set<string | null>();
  while (code === undefined) {
    const { version, predictions } = await reader.getMany(keys);
    seen.add(version);
    const scores = new Set(predictions.map((one) => one?.score ?? null));
    expect([...scores]).toEqual([version === 'a' ? 0.25 : version === 'b' ? 0.75 : null]);
    await setImmediate();
  }
  expect(code).toBe(0);
  expect(seen.has('a') && seen.has('b')).toBe(true);
  await store.close();
  await rm(folder, { recursive: true, force: true });
});
