/** Steps of flights.prewarm: swap the pointer, watch what readers get, swap back, reclaim old versions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { modelOf, task, z } from 'heddle';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { oldVersions } from '../../activities/cache/old-versions.ts';
import { modelChanged, nothingBetter, swappedBack } from '../../activities/cache/prewarm-errors.ts';
import { swapVersion } from '../../activities/cache/serve-version.ts';
import { probeServing } from '../../activities/cache/serving-probe.ts';
import { watchVersion } from '../../activities/cache/watch-version.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { Delay, owner } from '../data.ts';
import { sameModel } from './model-files.ts';
import { cacheName, Target, withCache } from './target.ts';

/** Which model is to be compared with at the end: resolved by the registry then, not when the run began. */
export const modelToCompare = task({
  name: 'cache.model_to_compare',
  version: '1',
  owner,
  input: z.object({ model: Delay, alias: z.string().nullable() }),
  output: z.object({ reference: z.string() }),
  async run({ model, alias }) {
    return { reference: `${model.name}@${alias ?? model.version}` };
  },
});

/** Its output is a handle, `{ kind: 'cache', name, version }`: an edge of the lineage. */
export const swap = task({
  name: 'cache.swap',
  version: '3',
  owner,
  input: z.object({ target: Target, model: Delay, current: modelOf().nullable() }),
  output: z.object({ kind: z.literal('cache'), name: z.string(), version: z.string(), previous: z.string().nullable() }),
  async run({ target, model, current }, ctx) {
    if (current && (current.digest !== model.digest || current.version !== model.version))
      throw modelChanged(
        `${model.name} ${current.version} was put in place of ${model.version} while this run wrote the predictions of ${model.version}.`,
        `version ${target.version}`,
      );
    await sameModel(ctx, model, target.model);
    return withCache(target, ctx, async (store) => {
      await swapVersion(store, target.from, target.version, ctx.idempotencyKey);
      return { kind: 'cache' as const, name: cacheName(target), version: target.version, previous: target.from };
    });
  },
});

export const watch = task({
  name: 'cache.watch',
  version: '1',
  owner,
  input: z.object({ target: Target, hot: z.array(z.string()), seconds: z.number(), hits: z.number(), p99Ms: z.number() }),
  output: z.object({ ok: z.boolean(), hits: z.number(), p99Ms: z.number().nullable(), reads: z.int(), reason: z.string().nullable() }),
  async run({ target, hot, seconds, hits, p99Ms }, ctx) {
    return withCache(target, ctx, async (store) => {
      const seen = await watchVersion(cacheReader(store), target.version, hot, { seconds, hits, limitMs: p99Ms }, breathing(ctx.signal));
      if (seen.reason !== null) ctx.log.warn(`version ${target.version} serves badly: ${seen.reason}`);
      return { ...seen, p99Ms: Number.isFinite(seen.p99Ms) ? seen.p99Ms : null };
    });
  },
});

/** Always ends with an error: the run is to be looked at. */
export const rollback = task({
  name: 'cache.rollback',
  version: '1',
  owner,
  input: z.object({ target: Target, hot: z.array(z.string()), hits: z.number(), reason: z.string().nullable() }),
  output: z.null(),
  async run({ target, hot, hits, reason }, ctx) {
    return withCache(target, ctx, async (store): Promise<null> => {
      const { from, version } = target;
      const place = { ...target, where: store.where };
      const because = reason ?? 'it serves badly';
      if (from === null) throw nothingBetter(place, `Version ${version} stays although ${because}: there is none before it.`);
      const before = await probeServing(cacheReader(store, { version: from }), hot);
      if (before.ms === Infinity || before.hits < hits * before.asked)
        throw nothingBetter(place, `Version ${version} stays although ${because}: ${from} before it has ${before.hits} of ${before.asked} hot keys.`);
      await swapVersion(store, version, from, ctx.idempotencyKey);
      throw swappedBack({ ...place, from }, because);
    });
  },
});

/** Between pieces of a removal. */
const PAUSE_MS = 20;

export const reclaim = task({
  name: 'cache.reclaim',
  version: '2',
  owner,
  timeout: '2h',
  heartbeat: '1m',
  input: z.object({ target: Target, windowS: z.number() }),
  output: z.object({ versions: z.array(z.string()) }),
  async run({ target, windowS }, ctx) {
    const breathe = breathing(ctx.signal);
    return withCache(target, ctx, async (store) => {
      const old = await oldVersions(store, Date.now() / 1000, windowS);
      for (const version of old) {
        await store.drop(version, async () => {
          await sleep(PAUSE_MS);
          await breathe();
        });
        ctx.log.info(`dropped version ${version}`);
      }
      return { versions: old };
    });
  },
});
