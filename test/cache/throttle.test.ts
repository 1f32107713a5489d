/** The writing of a version slows down when readers become slow, and only then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { p99, probeServing, type ProbeSample } from '../../activities/cache/serving-probe.ts';
import { TokenBucket } from '../../activities/cache/token-bucket.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';
import { writeThrottle } from '../../activities/cache/write-throttle.ts';
import { redisMissing, startRedis, type RedisPart } from '../real-parts/redis.ts';
import { entriesOf, keysOf } from './entries.ts';
import { slowProxy } from './slow-proxy.ts';

const until = async (condition: () => boolean, withinMs: number): Promise<number> => {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > withinMs) throw new Error(`not within ${withinMs} ms`);
    await sleep(10);
  }
  return performance.now() - started;
};
const sample = (ms: number): ProbeSample => ({ ms, hits: 1, asked: 1, version: 'a' });

describe('the token bucket', () => {
  it('lets half a second through at once, and then no more than its rate', async () => {
    const bucket = new TokenBucket(10_000);
    const started = performance.now();
    for (let i = 0; i < 10; i++) await bucket.take(1_000);
    const took = performance.now() - started;
    // 5,000 were there; the last thousand may go into debt
    expect(took).toBeGreaterThan(380);
  });

  it('feels a new rate while somebody waits', async () => {
    const bucket = new TokenBucket(10);
    await bucket.take(100); // a debt of nearly ten seconds
    const waiting = bucket.take(1);
    bucket.rate = 1_000_000;
    const started = performance.now();
    await waiting;
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('the throttle', () => {
  it('halves the rate when the p99 is over its limit, never to nothing, and takes it back up', async () => {
    let ms = 1;
    const throttle = writeThrottle({ rate: 1_000, limitMs: 10, probe: async () => sample(ms) });
    try {
      ms = 50;
      await until(() => throttle.rate <= 250, 5_000);
      expect(throttle.backedOff).toBeGreaterThanOrEqual(2);
      expect(throttle.worstMs).toBe(50);
      expect(throttle.rate).toBeGreaterThan(0);
      ms = 1;
      await until(() => throttle.rate === 1_000, 15_000);
    } finally {
      await throttle.stop();
    }
  });

  it('takes a reader without an answer for the slowest', async () => {
    const throttle = writeThrottle({ rate: 1_000, limitMs: 10, probe: async () => sample(Infinity) });
    await until(() => throttle.backedOff > 0, 5_000);
    await throttle.stop();
  });

  it('leaves the rate alone when nothing is served', async () => {
    const throttle = writeThrottle({ rate: 1_000, limitMs: 0, probe: null });
    await throttle.take(10);
    expect(throttle.rate).toBe(1_000);
    await throttle.stop();
  });

  it('knows the p99 of few and of many', () => {
    expect(p99([])).toBe(0);
    expect(p99([sample(3)])).toBe(3);
    expect(p99(Array.from({ length: 1_000 }, (_, i) => sample(i + 1)))).toBe(990);
  });
});

describe.skipIf(redisMissing() !== null)(`a Redis whose readers become slow ${redisMissing() ?? ''}`.trim(), () => {
  let redis: RedisPart;
  beforeAll(async () => {
    redis = await startRedis();
  }, 60_000);
  afterAll(() => redis.stop());

  it('is written at less than half the rate within 5 s, and at the whole rate again afterwards', async () => {
    const proxy = await slowProxy(redis.port);
    const store = await openCache({ kind: 'redis', address: `${redis.host}:${redis.port}` }, 'writes');
    const slow = await openCache({ kind: 'redis', address: `127.0.0.1:${proxy.port}` }, 'writes');
    const keys = keysOf(100);
    for (const version of ['a', 'b']) await store.create(version);
    await store.put(
      'a',
      entriesOf(keys, () => 0.5),
    );
    await store.swap(null, 'a', 'run-1');
    const reader = cacheReader(slow);
    const RATE = 4_000;
    const throttle = writeThrottle({ rate: RATE, limitMs: 150, probe: () => probeServing(reader, keys) });
    let stop = false;
    let written = 0;
    const writing = (async () => {
      while (!stop) {
        const batch = entriesOf(keys, () => written);
        written += (await writePredictions(store, 'b', batch, { batch: 100, take: (entries) => throttle.take(entries) })).written;
      }
    })();
    const rateOver = async (ms: number): Promise<number> => {
      const [before, started] = [written, performance.now()];
      await sleep(ms);
      return (1_000 * (written - before)) / (performance.now() - started);
    };
    try {
      await until(() => written > RATE, 20_000); // past what was saved up
      expect(await rateOver(1_000)).toBeGreaterThan(RATE * 0.6);
      proxy.delayMs = 400;
      expect(await until(() => throttle.rate < RATE / 2, 5_000)).toBeLessThan(5_000);
      expect(await rateOver(1_000)).toBeLessThan(RATE / 2);
      proxy.delayMs = 0;
      await until(() => throttle.rate === RATE, 20_000);
    } finally {
      stop = true;
      await throttle.stop();
      await writing;
      await Promise.all([store.close(), slow.close()]);
      await proxy.stop();
    }
  }, 60_000);
});
