/** Reads a version through the reader's path and compares it with fresh scores. Worker side. */
import type { CacheReader } from './cache-reader.ts';

export interface Verdict {
  readonly expected: number;
  readonly found: number;
  /** Found, but with another score. */
  readonly mismatches: number;
}
const BATCH = 10_000;

/** `fresh` are float32 scores, as the cache keeps them, NaN for a negative result: they must be equal. */
export async function verifyPredictions(
  reader: CacheReader,
  keys: readonly string[],
  fresh: ArrayLike<number>,
  breathe?: () => Promise<void>,
): Promise<Verdict> {
  let found = 0;
  let mismatches = 0;
  for (let first = 0; first < keys.length; first += BATCH) {
    const { predictions } = await reader.getMany(keys.slice(first, first + BATCH));
    for (const [i, prediction] of predictions.entries()) {
      if (!prediction) continue;
      found++;
      if (!Object.is(prediction.score ?? Number.NaN, fresh[first + i])) mismatches++;
    }
    await breathe?.();
  }
  return { expected: keys.length, found, mismatches };
}
