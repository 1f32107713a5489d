/** Looks at a version for a while after it was swapped in: are its entries there, is it quick, is it still the one? Worker side. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheReader } from './cache-reader.ts';
import { p99, probeServing, type ProbeSample } from './serving-probe.ts';

export interface WatchGoals {
  readonly seconds: number;
  /** Least share of hot keys that must be found. */
  readonly hits: number;
  readonly limitMs: number;
}
export interface Watched {
  readonly ok: boolean;
  /** Share of the keys that were found, in the worst of the reads. */
  readonly hits: number;
  readonly p99Ms: number;
  readonly reads: number;
  /** What is wrong; null when all is well. */
  readonly reason: string | null;
}
const EVERY_MS = 100;
const AT_ONCE = 50;
/** A single slow read is noise: a verdict on time takes at least so many. */
const LEAST_READS = 10;

/** `keys`: the hot ones; a few a read, round and round. Ends early when entries are missing. */
export async function watchVersion(
  reader: CacheReader,
  version: string,
  keys: readonly string[],
  { seconds, hits: goal, limitMs }: WatchGoals,
  breathe?: () => Promise<void>,
): Promise<Watched> {
  const samples: ProbeSample[] = [];
  const until = performance.now() + seconds * 1_000;
  let hits = 1;
  const verdict = (reason: string | null): Watched => ({
    ok: reason === null,
    hits,
    p99Ms: Math.round(p99(samples) * 100) / 100,
    reads: samples.length,
    reason,
  });
  let failures = 0;
  for (let at = 0; performance.now() < until || samples.length < LEAST_READS; at = (at + AT_ONCE) % Math.max(1, keys.length)) {
    const sample = await probeServing(reader, keys.slice(at, at + AT_ONCE));
    samples.push(sample);
    if (sample.ms === Infinity) {
      if (++failures >= 3) return verdict('readers get no answer');
    } else {
      failures = 0;
      if (sample.version !== version) return verdict(`the cache serves ${sample.version ?? 'nothing'} and not ${version}`);
      hits = Math.min(hits, sample.asked === 0 ? 1 : sample.hits / sample.asked);
      if (hits < goal) return verdict(`only ${(100 * hits).toFixed(1)} % of the hot keys are there, and ${100 * goal} % are wanted`);
    }
    await breathe?.();
    await sleep(EVERY_MS);
  }
  const slow = p99(samples);
  return verdict(slow > limitMs ? `the p99 of reads is ${slow.toFixed(1)} ms, and ${limitMs} ms are allowed` : null);
}
