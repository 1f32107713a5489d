/**
 * How readers fare: reads hot keys through the reader's path, again and again, and keeps how long it took and what was there.
 * Worker side: beside the writing of a version, and after a swap.
 */
import type { CacheReader } from './cache-reader.ts';

export interface ProbeSample {
  /** Milliseconds of one read; Infinity when it failed. */
  readonly ms: number;
  readonly hits: number;
  readonly asked: number;
  /** What it was served from. */
  readonly version: string | null;
}
/** One read of all `keys`. Never throws: a reader that gets no answer is the slowest there is. */
export async function probeServing(reader: CacheReader, keys: readonly string[]): Promise<ProbeSample> {
  const started = performance.now();
  try {
    const { version, predictions } = await reader.getMany(keys);
    return { ms: performance.now() - started, hits: predictions.filter((one) => one !== null).length, asked: keys.length, version };
  } catch {
    return { ms: Infinity, hits: 0, asked: keys.length, version: null };
  }
}

/** 0 where there are no samples. */
export function p99(samples: readonly { readonly ms: number }[]): number {
  if (samples.length === 0) return 0;
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(0.99 * sorted.length) - 1)]!;
}
