/** Which versions of a cache nobody needs any more. Worker side. */
import type { CacheStore } from './cache-store.ts';

/**
 * Neither served nor the one before it, which stays for a swap back. Younger ones than `minAgeS` may be another run's that is
 * still being written.
 */
export function oldVersions(store: CacheStore, now: number, minAgeS: number): string[] {
  const pointer = store.pointer();
  return store
    .versions()
    .filter(({ version, madeAt }) => version !== pointer?.version && version !== pointer?.previous && now - madeAt >= minAgeS)
    .map(({ version }) => version);
}
