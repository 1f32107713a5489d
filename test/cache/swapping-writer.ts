/** A process of its own for cache-processes.test.ts: writes two versions and swaps between them. argv: folder, swaps. */
import { openCache } from '../../activities/cache/open-cache.ts';
import { entriesOf } from './entries.ts';

const [folder = '', swaps = '0'] = process.argv.slice(2);
const store = await openCache({ kind: 'embedded', folder }, 'flights');
const keys = Array.from({ length: 200 }, (_, i) => `k${String(i).padStart(3, '0')}`);
for (const [version, score] of [
  ['a', 0.25],
  ['b', 0.75],
] as const) {
  await store.create(version);
  await store.put(
    version,
    entriesOf(keys, () => score),
  );
}
let now: string | null = null;
for (let i = 0; i < Number(swaps); i++) {
  const next: string = now === 'a' ? 'b' : 'a';
  if (!(await store.swap(now, next, `swap-${i}`))) throw new Error(`swap ${i} lost, and nobody else swaps`);
  now = next;
  await new Promise((resolve) => setTimeout(resolve, 1)); // lets the reader in between
}
await store.close();
