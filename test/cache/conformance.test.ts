/** What every kind of prediction cache must do, on real LMDB files, a real Redis and a real Cassandra. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import type { CacheStore } from '../../activities/cache/cache-store.ts';
import { getIfThere } from '../../activities/cache/get-if-there.ts';
import { oldVersions } from '../../activities/cache/old-versions.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { probeCache } from '../../activities/cache/probe-cache.ts';
import { serveVersion, swapVersion } from '../../activities/cache/serve-version.ts';
import { verifyPredictions } from '../../activities/cache/verify-predictions.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';
import { entriesOf, keysOf, LATER_S } from './entries.ts';
import type { CacheConfig } from '../../dsl/config.ts';
import { wholePipeline } from './prewarm-pipeline.ts';
import { describeKinds, KINDS, newNamespace } from './kinds.ts';

describeKinds(KINDS, (kind, config) => {
  let store: CacheStore;
  let namespace = '';
  /** More than fits into a batch; a cold Cassandra on a busy machine writes a few hundred a second. */
  const many = kind === 'cassandra' ? 2_345 : 12_345;
  const made = async (version: string, score: number): Promise<void> => {
    await store.create(version);
    await store.put(
      version,
      entriesOf(['k', 'l'], () => score),
    );
  };
  beforeEach(async () => {
    namespace = newNamespace();
    store = await openCache(config(), namespace);
  });
  afterEach(() => store.close());

  it('gives a reader what was written, with no mismatch and full coverage', async () => {
    const entries = entriesOf(keysOf(many), (i) => i / many);
    await store.create('a');
    expect(await writePredictions(store, 'a', entries)).toEqual({ written: many, newer: 0 });
    expect(await verifyPredictions(cacheReader(store, { version: 'a' }), entries.keys, entries.scores)).toEqual({
      expected: many,
      found: many,
      mismatches: 0,
    });
  });

  it('counts what is missing and what differs', async () => {
    const keys = keysOf(2_000);
    const entries = entriesOf(keys, (i) => i / 2_000);
    await store.create('a');
    await writePredictions(
      store,
      'a',
      entriesOf(keys.slice(1), (i) => (i + 1) / 2_000),
    );
    const fresh = entries.scores.map((score, i) => (i === 5 ? score + 0.1 : score));
    expect(await verifyPredictions(cacheReader(store, { version: 'a' }), keys, fresh)).toEqual({ expected: 2_000, found: 1_999, mismatches: 1 });
  });

  it('keeps negative results, digests of inputs, and keys in any script', async () => {
    const keys = ['ATL-ORD/0/07', 'Ελλάδα 漢字/1', 'a b:c{d}*?', 'ü'.repeat(200)];
    await store.create('a');
    await store.put(
      'a',
      entriesOf(keys, (i) => (i === 1 ? Number.NaN : 0.5), { input: 2 ** 52 + 1, stamp: 1_796_000_000_123 }),
    );
    const found = await store.get('a', [...keys, 'none']);
    expect(found.slice(0, 4).map((one) => one?.score)).toEqual([0.5, null, 0.5, 0.5]);
    expect(found[3]).toEqual({ score: 0.5, expiresAt: LATER_S, stamp: 1_796_000_000_123, input: 2 ** 52 + 1 });
    expect(found[4]).toBeNull();
    expect(await verifyPredictions(cacheReader(store, { version: 'a' }), keys, [0.5, Number.NaN, 0.5, 0.25])).toEqual({ expected: 4, found: 4, mismatches: 1 });
  });

  it('never overwrites a newer entry with an older, in whatever order they come', async () => {
    const keys = keysOf(900);
    await store.create('a');
    await store.put(
      'a',
      entriesOf(keys.slice(0, 600), () => 0.75, { stamp: 2_000 }),
    );
    await store.put(
      'a',
      entriesOf(keys, () => 0.25, { stamp: 1_000 }),
    ); // an attempt that woke up late
    const scores = (await store.get('a', keys)).map((one) => one?.score);
    expect(scores.slice(0, 600).every((score) => score === 0.75)).toBe(true);
    expect(scores.slice(600).every((score) => score === 0.25)).toBe(true);
    await store.put(
      'a',
      entriesOf(keys, () => 0.5, { stamp: 3_000 }),
    );
    expect((await store.get('a', keys)).every((one) => one?.score === 0.5)).toBe(true);
  });

  it('takes the same entries twice', async () => {
    const entries = entriesOf(keysOf(700), (i) => i);
    await store.create('a');
    await store.put('a', entries);
    expect(await store.put('a', entries)).toEqual({ written: 700, newer: 0 });
    expect(await verifyPredictions(cacheReader(store, { version: 'a' }), entries.keys, entries.scores)).toMatchObject({ found: 700, mismatches: 0 });
  });

  it('writes batches that come at once, each acknowledged', async () => {
    await store.create('a');
    const parts = Array.from({ length: 5 }, (_, part) => entriesOf(keysOf(400, `P${part}`), (i) => part + i / 1000));
    await Promise.all(parts.map((part) => writePredictions(store, 'a', part, { batch: 150 })));
    for (const { keys, scores } of parts)
      expect(await verifyPredictions(cacheReader(store, { version: 'a' }), keys, scores)).toMatchObject({ found: 400, mismatches: 0 });
  });

  it('serves nothing before the first swap, then one version at a time', async () => {
    const reader = cacheReader(store);
    await made('a', 0.25);
    await made('b', 0.75);
    expect(await reader.getMany(['k'])).toEqual({ version: null, predictions: [null] });
    expect(await store.swap(null, 'a', 'run-1')).toBe(true);
    const before = await reader.getMany(['k', 'l']);
    expect(await store.swap('a', 'b', 'run-2')).toBe(true);
    const after = await reader.getMany(['k', 'l']);
    expect([before.version, after.version]).toEqual(['a', 'b']);
    expect(before.predictions.map((one) => one?.score)).toEqual([0.25, 0.25]);
    expect(after.predictions.map((one) => one?.score)).toEqual([0.75, 0.75]);
    expect(await store.pointer()).toMatchObject({ version: 'b', previous: 'a', by: 'run-2' });
  });

  it('lets one of two racing swaps win, and the winner repeat its swap', async () => {
    for (const version of ['a', 'b', 'c']) await made(version, 0.5);
    await store.swap(null, 'a', 'run-1');
    const other = await openCache(config(), namespace);
    const won = await Promise.all([store.swap('a', 'b', 'run-2'), other.swap('a', 'c', 'run-3')]);
    expect(won.filter(Boolean)).toHaveLength(1);
    const [winner, by] = won[0] ? ['b', 'run-2'] : ['c', 'run-3'];
    expect(await store.swap('a', winner, by)).toBe(true); // a retry after a lost answer
    expect(await store.swap('a', winner, 'run-4')).toBe(false); // another run
    expect(await other.pointer()).toMatchObject({ version: winner, previous: 'a' });
    await other.close();
  });

  it('tells the loser of a race who won: HDL-CACHE-MOVED', async () => {
    await made('a', 0.5);
    await made('b', 0.5);
    await serveVersion(store, 'a', 'run-1');
    await serveVersion(store, 'a', 'run-2');
    await expect(swapVersion(store, null, 'b', 'run-3')).rejects.toMatchObject({
      code: 'HDL-CACHE-MOVED',
      what: 'The cache serves a and not nothing any more: another run was faster, and its version stays.',
    });
    await expect(swapVersion(store, 'a', 'never-made', 'run-3')).rejects.toThrow(/never-made cannot be served: it is not there/);
    expect(await store.pointer()).toMatchObject({ version: 'a', previous: null, by: 'run-1' });
  });

  it('forgets an entry when its time is over, not before', async () => {
    await store.create('a');
    await store.put(
      'a',
      entriesOf(['k'], () => 0.5),
    );
    await store.swap(null, 'a', 'run-1');
    const at = (time: number) => cacheReader(store, { now: () => time }).get('k');
    expect((await at(LATER_S - 1))?.score).toBe(0.5);
    expect(await at(LATER_S)).toBeNull();
  });

  it('does not keep for ever what is over when it is written', async () => {
    await store.create('a');
    await store.put(
      'a',
      entriesOf(['k'], () => 0.5, { expiresAt: Math.floor(Date.now() / 1000) - 5 }),
    );
    await store.swap(null, 'a', 'run-1');
    expect(await cacheReader(store).get('k')).toBeNull();
  });

  it('drops old versions, never the one that is served or, within the window, the one before it', async () => {
    for (const version of ['a', 'b', 'c', 'd']) await made(version, 0.5);
    await store.swap(null, 'b', 'run-1');
    await store.swap('b', 'c', 'run-2');
    const now = Date.now() / 1000;
    expect(await oldVersions(store, now, 3600)).toEqual([]); // they may be another run's
    expect(await oldVersions(store, now + 3601, 7200)).toEqual([]);
    expect(await oldVersions(store, now + 3601, 3600)).toEqual(['a', 'b', 'd']);
    let paces = 0;
    await store.drop('a', async () => {
      paces++;
    });
    expect(paces).toBeGreaterThan(0);
    expect((await store.versions()).map(({ version }) => version)).toEqual(['b', 'c', 'd']);
    await expect(store.drop('c')).rejects.toThrow(/served/);
    expect((await cacheReader(store).get('k'))?.score).toBe(0.5);
  });

  it('can be swapped back to the version before, which still has its entries', async () => {
    await made('a', 0.25);
    await made('b', 0.75);
    await store.swap(null, 'a', 'run-1');
    await store.swap('a', 'b', 'run-2');
    await swapVersion(store, 'b', 'a', 'run-2/back');
    expect((await cacheReader(store).get('k'))?.score).toBe(0.25);
  });

  it('reads what was reclaimed meanwhile as not there, to one who would take it over', async () => {
    await made('a', 0.25);
    await made('b', 0.75);
    expect((await getIfThere(store, 'a', ['k', 'none'])).map((one) => one?.score)).toEqual([0.25, undefined]);
    await store.drop('a');
    expect(await getIfThere(store, 'a', ['k', 'l'])).toEqual([null, null]);
    await expect(getIfThere({ ...store, get: () => Promise.reject(new Error('away')) }, 'b', ['k'])).rejects.toThrow('away');
  });

  it('never serves a version under removal, and finishes a removal that was interrupted', async () => {
    await made('a', 0.25);
    await made('b', 0.75);
    await store.swap(null, 'a', 'run-1');
    const dead = new Error('killed');
    await expect(store.drop('b', () => Promise.reject(dead))).rejects.toBe(dead);
    expect(await store.swap('a', 'b', 'run-2')).toBe(false);
    expect(await oldVersions(store, Date.now() / 1000, 3600)).toEqual(['b']);
    await store.drop('b');
    expect((await store.versions()).map(({ version }) => version)).toEqual(['a']);
  });

  it('is probed by an entry that is gone afterwards, and says what room it has', async () => {
    await probeCache(store);
    expect(await store.versions()).toEqual([]);
    const { freeBytes, bytesPerEntry } = await store.space();
    expect(freeBytes === null || freeBytes > 0).toBe(true);
    expect(bytesPerEntry(24)).toBeGreaterThan(48);
  });

  it('is seen alike by two that have it open', async () => {
    const other = await openCache(config(), namespace);
    await made('a', 0.25);
    await store.swap(null, 'a', 'run-1');
    expect((await cacheReader(other).get('l'))?.score).toBe(0.25);
    await other.close();
    await other.close();
    expect((await cacheReader(store).get('l'))?.score).toBe(0.25);
  });

  it('gives readers one version in each call while another swaps and reclaims without a pause', async () => {
    const keys = keysOf(40);
    const writer = await openCache(config(), namespace);
    const reader = cacheReader(store);
    await writer.create('v0');
    await writer.put(
      'v0',
      entriesOf(keys, () => 0),
    );
    await writer.swap(null, 'v0', 'w0');
    let writing = true;
    const swaps = (async () => {
      const until = Date.now() + 2_000;
      let i = 0;
      while (Date.now() < until || i < 2) {
        i++;
        await writer.create(`v${i}`);
        await writer.put(
          `v${i}`,
          entriesOf(keys, () => i),
        );
        if (!(await writer.swap(`v${i - 1}`, `v${i}`, `w${i}`))) throw new Error('nobody else swaps');
        if (i > 1) await writer.drop(`v${i - 2}`);
        await sleep(1);
      }
      writing = false;
      return i;
    })();
    const seen = new Set<string | null>();
    while (writing) {
      const { version, predictions } = await reader.getMany(keys);
      seen.add(version);
      expect([...new Set(predictions.map((one) => one && `v${one.score}`))]).toEqual([version]);
      await sleep(0);
    }
    expect(await swaps).toBeGreaterThan(1);
    expect(seen.size).toBeGreaterThan(1);
    await writer.close();
  });

  if (kind === 'cassandra') {
    it('says loudly that one copy is one node, and refuses a keyspace that is not there', async () => {
      expect(store.notes).toEqual(['keyspace heddle_test keeps 1 copy in datacenter1: LOCAL_QUORUM is one node, and its loss loses the cache']);
      const { replication: _, ...without } = config() as Extract<CacheConfig, { kind: 'cassandra' }>; // the kind of this block
      await expect(openCache({ ...without, keyspace: 'not_there' }, 'x')).rejects.toMatchObject({
        code: 'HDL-CACHE-REFUSED',
        what: 'There is no keyspace not_there.',
      });
      const weak = await openCache({ ...without, consistency: 'ONE' }, 'x');
      expect(weak.notes[1]).toMatch(/at ONE, below LOCAL_QUORUM/);
      await weak.close();
    });
    // the other kinds, and each fault: prewarm-faults.test.ts
    wholePipeline(config);
  }
});

it('refuses a namespace that is no plain name', async () => {
  await expect(openCache({ kind: 'embedded' }, '../x')).rejects.toThrow(/cannot be a namespace/);
});
