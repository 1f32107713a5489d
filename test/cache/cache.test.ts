/** The embedded prediction cache on real LMDB files. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache, type CacheStore } from '../../activities/cache/cache-store.ts';
import { oldVersions } from '../../activities/cache/old-versions.ts';
import { probeCache } from '../../activities/cache/probe-cache.ts';
import { serveVersion } from '../../activities/cache/serve-version.ts';
import { verifyPredictions } from '../../activities/cache/verify-predictions.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';

const NOW = 2_000_000_000;
const keys = Array.from({ length: 25_000 }, (_, i) => `ATL-ORD/${String(i).padStart(6, '0')}`);
const scores = Float32Array.from(keys, (_, i) => i / 25_000);
const options = { asOf: NOW, lifetimeS: 1000 };
let folder = '';
let store: CacheStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-cache-'));
  store = await openCache(folder, 'flights');
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the prediction cache', () => {
  it('gives a reader what was written, with no mismatch and full coverage', async () => {
    expect(await writePredictions(store.table('a'), keys, scores, options)).toBe(keys.length);
    const reader = await openCacheReader(folder, 'flights', { version: 'a', now: () => NOW });
    expect(await verifyPredictions(reader, keys, scores)).toEqual({ expected: 25_000, found: 25_000, mismatches: 0 });
    await reader.close();
  });

  it('counts what is missing and what differs', async () => {
    await writePredictions(store.table('a'), keys.slice(1), scores.slice(1), options);
    const reader = await openCacheReader(folder, 'flights', { version: 'a', now: () => NOW });
    const fresh = scores.map((score, i) => (i === 5 ? score + 0.1 : score));
    expect(await verifyPredictions(reader, keys, fresh)).toEqual({ expected: 25_000, found: 24_999, mismatches: 1 });
    await reader.close();
  });

  it('serves nothing before the first swap, then one version at a time', async () => {
    const reader = await openCacheReader(folder, 'flights', { now: () => NOW });
    await writePredictions(store.table('a'), ['k', 'l'], [0.25, 0.25], options);
    await writePredictions(store.table('b'), ['k', 'l'], [0.75, 0.75], options);
    expect(reader.getMany(['k'])).toEqual({ version: null, predictions: [null] });
    expect(store.swap(null, 'a', 'run-1')).toBe(true);
    const before = reader.getMany(['k', 'l']);
    expect(store.swap('a', 'b', 'run-2')).toBe(true);
    const after = reader.getMany(['k', 'l']);
    expect([before.version, after.version]).toEqual(['a', 'b']);
    expect(before.predictions.map((one) => one?.score)).toEqual([0.25, 0.25]);
    expect(after.predictions.map((one) => one?.score)).toEqual([0.75, 0.75]);
    expect(store.pointer()).toEqual({ version: 'b', previous: 'a', by: 'run-2' });
    await reader.close();
  });

  it('lets one of two racing swaps win, and the winner repeat its swap', () => {
    store.swap(null, 'a', 'run-1');
    expect(store.swap('a', 'b', 'run-2')).toBe(true);
    expect(store.swap('a', 'c', 'run-3')).toBe(false);
    expect(store.swap('a', 'b', 'run-2')).toBe(true); // a retry after a lost answer
    expect(store.swap('a', 'b', 'run-4')).toBe(false); // another run
    expect(store.pointer()?.version).toBe('b');
    expect(store.pointer()?.previous).toBe('a');
  });

  it('forgets an entry when its time is over, not before', async () => {
    await writePredictions(store.table('a'), ['k'], [0.5], options);
    store.swap(null, 'a', 'run-1');
    const at = async (time: number) => {
      const reader = await openCacheReader(folder, 'flights', { now: () => time });
      const found = reader.get('k');
      await reader.close();
      return found;
    };
    expect((await at(NOW + 999))?.score).toBe(0.5);
    expect(await at(NOW + 1201)).toBeNull(); // lifetime and a fifth of it
  });

  it('spreads the ends of lifetimes', async () => {
    await writePredictions(store.table('a'), keys.slice(0, 100), scores, options);
    const reader = await openCacheReader(folder, 'flights', { version: 'a', now: () => NOW });
    expect(new Set(reader.getMany(keys.slice(0, 100)).predictions.map((one) => one?.expiresAt)).size).toBeGreaterThan(20);
    await reader.close();
  });

  it('drops old versions, never the one that is served or the one before it', async () => {
    for (const version of ['a', 'b', 'c', 'd']) await writePredictions(store.table(version), ['k'], [0.5], options);
    store.swap(null, 'b', 'run-1');
    store.swap('b', 'c', 'run-2');
    const now = Date.now() / 1000;
    expect(oldVersions(store, now, 3600)).toEqual([]); // they may be another run's
    expect(oldVersions(store, now + 3601, 3600)).toEqual(['a', 'd']);
    await store.drop('a');
    expect(store.versions().map(({ version }) => version)).toEqual(['b', 'c', 'd']);
    await expect(store.drop('c')).rejects.toThrow(/served/);
  });

  it('is probed by an entry that is gone afterwards', async () => {
    await probeCache(store);
    expect(store.versions()).toEqual([]);
  });

  it('moves a table with one writer to what was just loaded', () => {
    serveVersion(store, 'a', 'run-1');
    serveVersion(store, 'a', 'run-2');
    serveVersion(store, 'b', 'run-3');
    expect(store.pointer()).toEqual({ version: 'b', previous: 'a', by: 'run-3' });
  });

  it('keeps its files open until the last user closes', async () => {
    const other = await openCache(folder, 'flights');
    await other.close();
    await other.close();
    expect(() => store.table('a').putSync('k', Buffer.alloc(8))).not.toThrow();
  });

  it('refuses a namespace that is no plain name', async () => {
    await expect(openCache(folder, '../x')).rejects.toThrow(/cannot be a namespace/);
  });
});
