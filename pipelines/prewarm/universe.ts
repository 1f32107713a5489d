/** Steps of flights.prewarm: is the cache there, and which keys are to be in it. */
import { task, z } from 'heddle';
import { needRoom } from '../../activities/cache/need-room.ts';
import { probeCache } from '../../activities/cache/probe-cache.ts';
import { DelayRates } from '../../activities/flights/delay-rates.ts';
import { KEYS_PER_ROUTE, routeTable } from '../../activities/flights/route-table.ts';
import { Counts, Delay, File, owner } from '../data.ts';
import { readModel } from './model-files.ts';
import { normalised, routeScorer } from './score-routes.ts';
import { KEY_BYTES, Target, withCache } from './target.ts';

/** Days that the rates look back on: a day's rows of counts are its routes. */
const DAYS = 28;

export const preflight = task({
  name: 'cache.preflight',
  version: '2',
  owner,
  input: z.object({ cache: z.string(), namespace: z.string(), model: Delay, history: Counts.slice }),
  output: z.object({ target: Target, freeBytes: z.number().nullable(), notes: z.array(z.string()) }),
  async run({ cache, namespace, model, history }, ctx) {
    const { fingerprint } = await routeScorer(readModel(ctx, model));
    return withCache({ cache, namespace }, ctx, async (store) => {
      await probeCache(store);
      for (const note of store.notes) ctx.log.warn(`${store.where}: ${note}`);
      const freeBytes = await needRoom(store, Math.ceil((history.rows / DAYS) * KEYS_PER_ROUTE), KEY_BYTES);
      const version = `${ctx.partition}.m${model.version}.${ctx.runId.slice(-8).toLowerCase()}`;
      await store.create(version);
      const from = (await store.pointer())?.version ?? null;
      return {
        target: { cache, namespace, version, from: from === version ? null : from, asOf: Math.floor(Date.now() / 1000), model: fingerprint },
        freeBytes,
        notes: [...store.notes],
      };
    });
  },
});

/** The universe as of a time, pinned: `snapshot` is the digest of the counts that it was made from. */
export const enumerate = task({
  name: 'flights.enumerate',
  version: '2',
  owner,
  input: z.object({ history: Counts.slice, asOf: z.iso.datetime() }),
  output: z.object({ routes: File, count: z.int(), keys: z.int(), snapshot: z.string() }),
  async run({ history, asOf }, ctx) {
    const rates = new DelayRates(Date.parse(asOf) / 1000);
    for await (const batch of ctx.read(Counts, history)) rates.add(batch);
    const routes = routeTable(rates).map(normalised);
    ctx.log.info(`${routes.length} routes flew before ${asOf}`);
    return {
      routes: await ctx.artifact('routes.json', JSON.stringify(routes)),
      count: routes.length,
      keys: routes.length * KEYS_PER_ROUTE,
      snapshot: history.digest,
    };
  },
});
