/** Which versions of a cache nobody needs any more. Worker side. */
import type { CacheStore } from './cache-store.ts';

/**
 * Neither served nor, within `windowS` seconds of the swap, the one before it, which stays for a swap back. Younger ones than
 * the window may be another run's that is still being written. One whose removal was interrupted is old at once.
 */
export async function oldVersions(store: CacheStore, now: number, windowS: number): Promise<string[]> {
  const [pointer, versions] = await Promise.all([store.pointer(), store.versions()]);
  const kept = pointer !== null && now - pointer.at < windowS ? pointer.previous : null;
  return versions
    .filter(({ version, madeAt, dropping }) => version !== pointer?.version && (dropping || (version !== kept && now - madeAt >= windowS)))
    .map(({ version }) => version);
}
