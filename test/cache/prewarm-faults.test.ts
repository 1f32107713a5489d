/** Each step of flights.prewarm made to go wrong, on real LMDB files, a real Redis and, in the full suite, a real Cassandra. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import type { CacheStore } from '../../activities/cache/cache-store.ts';
import { getIfThere } from '../../activities/cache/get-if-there.ts';
import { configureCaches } from '../../activities/cache/configured-caches.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { entriesOf } from './entries.ts';
import { describeKinds, KINDS, newNamespace } from './kinds.ts';
import { wholePipeline } from './prewarm-pipeline.ts';
import { KEYS, NAMES, PrewarmSteps, ROUTES, routesOf } from './prewarm-steps.ts';

/** Cassandra takes two minutes, most of them for making and dropping tables: npm run test:full. */
const FULL = process.env['HEDDLE_TEST_FULL'] === '1';

describeKinds(FULL ? KINDS : ['embedded', 'redis'], (kind, config) => {
  let namespace = '';
  let store: CacheStore;
  const run = (name: string): PrewarmSteps => new PrewarmSteps('under-test', namespace, name);
  const served = async (): Promise<string | null> => (await store.pointer())?.version ?? null;
  const allKeys = NAMES.flatMap((route) => Array.from({ length: 168 }, (_, i) => `${route}/${Math.floor(i / 24)}/${String(i % 24).padStart(2, '0')}`));
  beforeEach(async () => {
    configureCaches({ 'under-test': config() });
    namespace = newNamespace();
    store = await openCache(config(), namespace);
  });
  afterEach(async () => {
    await store.close();
    configureCaches({});
  });

  it('a first run writes all, and the next one takes over what is unchanged and scores the rest', async () => {
    const first = await run('first').serve();
    expect(first.found).toMatchObject({ missing: KEYS, stale: 0, reusable: 0, coverage: 0, weighted: 0 });
    const changed = [...routesOf(0.2, NAMES.slice(0, 9)), ...routesOf(0.3, NAMES.slice(9, 11)), ...routesOf(0.2, ['NEW-ORD'])];
    const steps = run('secnd');
    const second = await steps.write(changed);
    expect(second.found).toMatchObject({ missing: 168, stale: 2 * 168, reusable: 9 * 168 });
    expect(second.found.coverage).toBeCloseTo(11 / 12);
    expect(second.found.weighted).toBeCloseTo((9 * 10 + 36 + (10 + 11)) / (9 * 10 + 36 + (10 + 11) + 10), 1);
    expect(second.written[0]).toMatchObject({ entries: KEYS, reused: 9 * 168, negative: 0 });
    expect(await steps.verify(second)).toMatchObject({ entries: KEYS, coverage: 1, mismatches: 0, reused: 9 * 168 });
  });

  it('an entry that was taken over is scored anew when the served one has vanished meanwhile', async () => {
    await run('first').serve();
    const steps = run('secnd');
    const { target } = await steps.preflight();
    const routes = steps.file('routes.json', JSON.stringify(routesOf(0.2)));
    const { diff, rank } = await import('../../pipelines/prewarm/plan.ts');
    const { warmShard } = await import('../../pipelines/prewarm/warm.ts');
    const found = await diff.run({ routes, model: steps.model, target }, steps.ctx('diff'));
    expect(found.reusable).toBe(KEYS);
    await store.remove(target.from ?? '', [`${NAMES[3]}/2/08`]);
    const ranked = await rank.run({ routes }, steps.ctx('rank'));
    const shard = ranked.shards[0]!;
    const pace = { rate: 1e6, limitMs: 500 };
    const done = await warmShard.run(
      { shard, routes: ranked.ranked, unchanged: found.unchanged, model: steps.model, target, pace, hot: ranked.hot },
      steps.ctx('warm'),
    );
    expect(done).toMatchObject({ entries: KEYS, reused: (ROUTES - 1) * 168 });
  });

  it('the served version may be reclaimed by another run in the middle: what was to be taken over is scored', async () => {
    const first = await run('first').serve();
    const steps = run('secnd');
    const { target } = await steps.preflight();
    const other = run('third');
    await other.reclaim(await other.serve(), 0); // and with it the version that `target` was to start from
    expect((await store.versions()).map(({ version }) => version)).not.toContain(first.target.version);
    await store.create(target.version); // a version that is being written stays, by its age, with a real window
    const routes = steps.file('routes.json', JSON.stringify(routesOf(0.2)));
    const { diff, rank } = await import('../../pipelines/prewarm/plan.ts');
    const { warmShard } = await import('../../pipelines/prewarm/warm.ts');
    const found = await diff.run({ routes, model: steps.model, target }, steps.ctx('diff'));
    expect(found).toMatchObject({ missing: KEYS, reusable: 0 });
    const ranked = await rank.run({ routes }, steps.ctx('rank'));
    const unchanged = steps.file('unchanged.json', JSON.stringify(NAMES)); // as a diff before the removal had it
    const input = {
      shard: ranked.shards[0]!,
      routes: ranked.ranked,
      unchanged,
      model: steps.model,
      target,
      pace: { rate: 1e6, limitMs: 500 },
      hot: ranked.hot,
    };
    expect(await warmShard.run(input, steps.ctx('warm'))).toMatchObject({ entries: KEYS, reused: 0 });
  });

  it('negative results are written, read as such, and count as present', async () => {
    const steps = run('first');
    const state = await steps.serve([...routesOf(0.2), ...routesOf(40, ['ODD-ORD'])]); // no model has seen a rate of 40
    expect(state.written.reduce((sum, { negative }) => sum + negative, 0)).toBe(168);
    const reader = cacheReader(store);
    expect(await reader.get('ODD-ORD/2/08')).toMatchObject({ score: null });
    expect((await reader.get(`${NAMES[0]}/2/08`))?.score).toBeGreaterThan(0);
    expect(await reader.get('NOT-ORD/2/08')).toBeNull();
  });

  describe('the pipeline', () => {
    wholePipeline(config);
  });

  describe('verify', () => {
    it('notices a cache that was emptied behind its back, and nothing is served: HDL-CACHE-VERIFY', async () => {
      await run('first').serve();
      const before = await served();
      const steps = run('secnd');
      const state = await steps.write();
      await store.remove(state.target.version, allKeys.slice(0, 500));
      await expect(steps.verify(state)).rejects.toMatchObject({
        code: 'HDL-CACHE-VERIFY',
        what: expect.stringMatching(/Of 2016 entries, 2016 were written and 1516 read back/) as string,
      });
      expect(await served()).toBe(before);
    });

    it('notices a single entry with another score', async () => {
      const steps = run('first');
      const state = await steps.write();
      await store.put(
        state.target.version,
        entriesOf([allKeys[77]!], () => 0.123, { stamp: Date.now() + 60_000 }),
      );
      await expect(steps.verify(state)).rejects.toThrow(/1 with another score/);
      expect(await served()).toBeNull();
    });

    it('lets a few missing entries pass, down to the goal', async () => {
      const steps = run('first');
      const state = await steps.write();
      await store.remove(state.target.version, allKeys.slice(0, 10));
      expect(await steps.verify(state)).toMatchObject({ entries: KEYS - 10, mismatches: 0 });
      await expect(steps.verify(state, 1)).rejects.toThrow(/99.50 %, and 100 % are wanted/);
    });
  });

  describe('rewind', () => {
    it('writes over what has changed since the snapshot, and a late attempt of a shard does not bring the old scores back', async () => {
      const steps = run('first');
      const state = await steps.write();
      const now = [...routesOf(0.2, NAMES.slice(0, 10)), ...routesOf(0.6, NAMES.slice(10))];
      expect(await steps.rewind(state, now)).toMatchObject({ changed: 2, gone: 0, entries: 2 * 168, newer: 0 });
      const key = `${NAMES[11]}/2/08`;
      const [fresh] = await store.get(state.target.version, [key]);
      const { warmShard } = await import('../../pipelines/prewarm/warm.ts');
      const late = { shard: state.ranked.shards[0]!, routes: state.ranked.ranked, unchanged: state.found.unchanged, model: steps.model, target: state.target };
      expect(await warmShard.run({ ...late, pace: state.plan.pace, hot: state.ranked.hot }, steps.ctx('zombie'))).toMatchObject({
        ...(kind === 'cassandra' ? { newer: 0, entries: KEYS } : { newer: 2 * 168, entries: 10 * 168 }), // Cassandra does not say what it kept
      });
      expect((await store.get(state.target.version, [key]))[0]).toEqual(fresh);
    });

    it('takes out routes that are gone, and does nothing when nothing changed', async () => {
      const steps = run('first');
      const state = await steps.write();
      expect(await steps.rewind(state, routesOf(0.2))).toEqual({ changed: 0, gone: 0, entries: 0, newer: 0 });
      expect(await steps.rewind(state, routesOf(0.2, NAMES.slice(1)))).toMatchObject({ gone: 1 });
      expect(await store.get(state.target.version, [`${NAMES[0]}/2/08`])).toEqual([null]);
    });

    it('fails when what it wrote is not there: HDL-CACHE-VERIFY', async () => {
      const steps = run('first');
      const state = await steps.write();
      const other = await openCache(config(), namespace);
      let wiping = true;
      const wipe = (async () => {
        while (wiping) {
          await other.remove(state.target.version, [`${NAMES[5]}/2/08`]);
          await sleep(0);
        }
      })();
      const changed = [...routesOf(0.2, NAMES.slice(0, 5)), ...routesOf(0.6, NAMES.slice(5))];
      const tries = async (): Promise<unknown> => {
        for (let i = 0; i < 50; i++) await steps.rewind(state, changed); // until the other one comes in between
        return null;
      };
      await expect(tries()).rejects.toMatchObject({ code: 'HDL-CACHE-VERIFY' });
      wiping = false;
      await wipe;
      await other.close();
    });
  });

  describe('swap', () => {
    it('loses against a run that was faster, whose version stays: HDL-CACHE-MOVED', async () => {
      const mine = run('first');
      const state = await mine.write();
      const theirs = await run('other').serve();
      await expect(mine.swap(state)).rejects.toMatchObject({ code: 'HDL-CACHE-MOVED' });
      expect(await served()).toBe(theirs.target.version);
    });

    it('may be repeated by the same step', async () => {
      const steps = run('first');
      const state = await steps.serve();
      await expect(steps.swap(state)).resolves.toEqual({
        kind: 'cache',
        name: `under-test/${namespace}`,
        version: state.target.version,
        previous: null,
      });
    });

    it('notices a model that was deployed anew in the middle of the run: HDL-CACHE-MODEL-CHANGED', async () => {
      await run('first').serve();
      const before = await served();
      const steps = run('secnd');
      const state = await steps.write();
      await steps.verify(state);
      steps.deployModel(0.9);
      await expect(steps.swap(state)).rejects.toMatchObject({ code: 'HDL-CACHE-MODEL-CHANGED' });
      await expect(steps.verify(state)).rejects.toMatchObject({ code: 'HDL-CACHE-MODEL-CHANGED' });
      expect(await served()).toBe(before);
    });

    it('notices an alias that has moved to another model meanwhile', async () => {
      const steps = run('first');
      const state = await steps.write();
      const newer = { ...steps.model, version: '5', digest: 'd5' } as typeof steps.model; // still the handle
      await expect(steps.swap(state, newer)).rejects.toThrow(/flights.delay 5 was put in place of 4 while this run wrote/);
      expect(await served()).toBeNull();
      await expect(steps.swap(state, steps.model)).resolves.toMatchObject({ version: state.target.version });
    });
  });

  describe('watch and rollback', () => {
    it('say nothing when all is well', async () => {
      const steps = run('first');
      expect(await steps.watch(await steps.serve())).toMatchObject({ ok: true, hits: 1, reason: null });
    });

    it('notice a cache that was emptied after the swap, and point back to the version before: HDL-CACHE-SWAPPED-BACK', async () => {
      const first = await run('first').serve();
      const steps = run('secnd');
      const state = await steps.serve();
      await store.remove(state.target.version, allKeys);
      const seen = await steps.watch(state, 5);
      expect(seen).toMatchObject({ ok: false, hits: 0, reason: 'only 0.0 % of the hot keys are there, and 99 % are wanted' });
      await expect(steps.rollback(state, seen.reason)).rejects.toMatchObject({ code: 'HDL-CACHE-SWAPPED-BACK' });
      expect(await served()).toBe(first.target.version);
      expect((await cacheReader(store).get(`${NAMES[0]}/2/08`))?.score).toBeGreaterThan(0);
    });

    it('leave the pointer where it is when the version before was emptied too', async () => {
      const first = await run('first').serve();
      const steps = run('secnd');
      const state = await steps.serve();
      for (const version of [state.target.version, first.target.version]) await store.remove(version, allKeys);
      await expect(steps.rollback(state, 'gone')).rejects.toMatchObject({
        code: 'HDL-CACHE-VERIFY',
        what: expect.stringMatching(/has 0 of 24 hot keys/) as string,
      });
      expect(await served()).toBe(state.target.version);
    });

    it('notice reads that are too slow', async () => {
      const steps = run('first');
      const seen = await steps.watch(await steps.serve(), 0.3, 0.000_1);
      expect(seen).toMatchObject({ ok: false, reason: expect.stringMatching(/^the p99 of reads is .* ms, and 0.0001 ms are allowed$/) as string });
    });

    it('do not swap back over a version that another run has put there meanwhile: HDL-CACHE-MOVED', async () => {
      await run('first').serve();
      const steps = run('secnd');
      const state = await steps.serve();
      const third = await run('third').serve();
      expect(await steps.watch(state, 5)).toMatchObject({ ok: false, reason: expect.stringContaining(third.target.version) as string });
      await expect(steps.rollback(state, 'it moved')).rejects.toMatchObject({ code: 'HDL-CACHE-MOVED' });
      expect(await served()).toBe(third.target.version);
    });
  });

  describe('reclaim', () => {
    it('keeps what is served and, within the window, the one before it', async () => {
      await run('first').serve();
      const second = await run('secnd').serve();
      const steps = run('third');
      const third = await steps.serve();
      expect(await steps.reclaim(third, 3600)).toEqual({ versions: [] });
      const { versions } = await steps.reclaim(third, 0);
      expect(versions).toHaveLength(2);
      expect(versions).toContain(second.target.version);
      expect((await store.versions()).map(({ version }) => version)).toEqual([third.target.version]);
      expect(await getIfThere(store, second.target.version, allKeys.slice(0, 3))).toEqual([null, null, null]);
    });

    it('is told when a swap back has made its prey the served version', async () => {
      const first = await run('first').serve();
      const second = await run('secnd').serve();
      await store.swap(second.target.version, first.target.version, 'an operator');
      await expect(store.drop(first.target.version)).rejects.toThrow(/is being served/);
      expect((await cacheReader(store).getMany(allKeys)).predictions.every((one) => one !== null)).toBe(true);
    });
  });

  it('readers see one version in each call while a run writes, swaps and reclaims', async () => {
    await run('first').serve(routesOf(0.1));
    const reader = cacheReader(store);
    const keys = NAMES.map((route) => `${route}/2/08`); // all of one version have the same score
    let running = true;
    const seen = new Set<string | null>();
    const reading = (async () => {
      while (running) {
        const { version, predictions } = await reader.getMany(keys);
        seen.add(version);
        const scores = new Set(predictions.map((one) => one?.score?.toFixed(4) ?? 'missing'));
        if (scores.size !== 1 || scores.has('missing')) throw new Error(`a mixture: ${[...scores].join()}`);
        await sleep(0);
      }
    })();
    for (const [i, name] of ['secnd', 'third', 'forth'].entries()) {
      const steps = run(name);
      const state = await steps.serve(routesOf(0.3 + i / 10));
      await steps.reclaim(state, 0);
    }
    running = false;
    await reading;
    expect(seen.size).toBeGreaterThan(1);
  });
});
