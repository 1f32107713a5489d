/** Steps of flights.prewarm: is the cache there, and which keys are to be in it. */
import { statfs } from 'node:fs/promises';
import { task, z } from 'heddle';
import { openCache } from '../../activities/cache/cache-store.ts';
import { probeCache } from '../../activities/cache/probe-cache.ts';
import { DelayRates } from '../../activities/flights/delay-rates.ts';
import { KEYS_PER_ROUTE, routeTable } from '../../activities/flights/route-table.ts';
import { planShards } from '../../activities/scoring/plan-shards.ts';
import { Counts, Delay, File, owner } from '../data.ts';

/** Where a run writes: a version of its own. `asOf`: seconds since the epoch, what lifetimes count from. */
export const Target = z.object({ cache: z.string(), namespace: z.string(), version: z.string(), asOf: z.int() });
export const RouteShard = z.object({ id: z.string(), first: z.int(), count: z.int() });
const ROUTES_PER_SHARD = 512;
/** Bytes that must be free: about ten times what a version takes. */
const FREE_BYTES = 1_000_000_000;

export const preflight = task({
  name: 'cache.preflight',
  version: '1',
  owner,
  input: z.object({ cache: z.string(), namespace: z.string(), model: Delay }),
  output: z.object({ serving: z.string().nullable(), target: Target, freeBytes: z.number() }),
  async run({ cache, namespace, model }, ctx) {
    const store = await openCache(cache, namespace);
    try {
      await probeCache(store);
      const { bavail, bsize } = await statfs(store.folder);
      const freeBytes = bavail * bsize;
      if (freeBytes < FREE_BYTES) throw new Error(`${store.folder} has ${Math.round(freeBytes / 1e6)} MB free, and ${FREE_BYTES / 1e6} are needed`);
      const version = `${ctx.partition}.m${model.version}.${ctx.runId.slice(-8).toLowerCase()}`;
      return { serving: store.pointer()?.version ?? null, target: { cache, namespace, version, asOf: Math.floor(Date.now() / 1000) }, freeBytes };
    } finally {
      await store.close();
    }
  },
});

export const enumerate = task({
  name: 'flights.enumerate',
  version: '1',
  owner,
  input: z.object({ history: Counts.slice, asOf: z.iso.datetime() }),
  output: z.object({ routes: File, count: z.int(), keys: z.int(), shards: z.array(RouteShard) }),
  async run({ history, asOf }, ctx) {
    const rates = new DelayRates(Date.parse(asOf) / 1000);
    for await (const batch of ctx.read(Counts, history)) rates.add(batch);
    const routes = routeTable(rates);
    ctx.log.info(`${routes.length} routes flew before ${asOf}`);
    return {
      routes: await ctx.artifact('routes.json', JSON.stringify(routes)),
      count: routes.length,
      keys: routes.length * KEYS_PER_ROUTE,
      shards: planShards(routes.length, ROUTES_PER_SHARD),
    };
  },
});
