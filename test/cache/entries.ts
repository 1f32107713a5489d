/** Entries for tests of the caches. No test framework here: processes of their own use it too. */
import type { Entries } from '../../activities/cache/prediction.ts';

/** Far enough that nothing expires while a test runs, near enough for Cassandra's TTL. */
export const LATER_S = Math.floor(Date.now() / 1000) + 86_400;

export function entriesOf(keys: readonly string[], score: (i: number) => number, { stamp = 1_000, expiresAt = LATER_S, input = 7 } = {}): Entries {
  return {
    keys,
    scores: Float32Array.from(keys, (_, i) => score(i)),
    expiresAt: new Uint32Array(keys.length).fill(expiresAt),
    inputs: new Float64Array(keys.length).fill(input),
    stamp,
  };
}
export const keysOf = (count: number, prefix = 'ATL-ORD'): string[] => Array.from({ length: count }, (_, i) => `${prefix}/${String(i).padStart(6, '0')}`);
