/**
 * Keeps the writing of a version from slowing the readers down: a token bucket whose rate is halved when the p99 of the serving
 * probe is over its limit, and raised again by a tenth, twice a second, while it is not. Worker side.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { p99, type ProbeSample } from './serving-probe.ts';
import { TokenBucket } from './token-bucket.ts';

export interface ThrottleOptions {
  /** Entries a second at most. */
  readonly rate: number;
  /** The probe's p99 that readers must not see exceeded. */
  readonly limitMs: number;
  /** null: nothing is served, so nobody can be slowed down. */
  readonly probe: (() => Promise<ProbeSample>) | null;
  /** Told when the rate goes down, and when it is whole again. */
  readonly changed?: (rate: number, p99Ms: number) => void;
}
export interface WriteThrottle {
  /** Entries a second, now. */
  readonly rate: number;
  /** How often it was lowered. */
  readonly backedOff: number;
  /** Worst p99 so far. */
  readonly worstMs: number;
  take(entries: number): Promise<void>;
  stop(): Promise<void>;
}
const PROBE_EVERY_MS = 50;
const DECIDE_EVERY_MS = 500;
/** Of the full rate: prewarming goes on, however slowly, or it would never end. */
const LEAST_SHARE = 1 / 256;

export function writeThrottle({ rate, limitMs, probe, changed }: ThrottleOptions): WriteThrottle {
  const bucket = new TokenBucket(rate);
  const stopped = new AbortController();
  let backedOff = 0;
  let worstMs = 0;
  const watch = async (look: () => Promise<ProbeSample>): Promise<void> => {
    let samples: ProbeSample[] = [];
    let decided = performance.now();
    while (!stopped.signal.aborted) {
      samples.push(await look());
      if (performance.now() - decided >= DECIDE_EVERY_MS) {
        const now = p99(samples);
        worstMs = Math.max(worstMs, now);
        const before = bucket.rate;
        bucket.rate = now > limitMs ? Math.max(rate * LEAST_SHARE, before / 2) : Math.min(rate, before + rate / 10);
        if (bucket.rate < before) backedOff++;
        if (bucket.rate < before || (bucket.rate === rate && before < rate)) changed?.(bucket.rate, now);
        samples = []; // what was slow before the change says nothing about after it
        decided = performance.now();
      }
      await sleep(PROBE_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  const watching = probe ? watch(probe) : Promise.resolve();
  return {
    get rate() {
      return bucket.rate;
    },
    get backedOff() {
      return backedOff;
    },
    get worstMs() {
      return worstMs;
    },
    take: (entries) => bucket.take(entries),
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}
