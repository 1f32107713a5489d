/** Steps of flights.prewarm: what the store has already, what is wanted most, and how fast it may be written. */
import { task, z } from 'heddle';
import { expiries } from '../../activities/cache/expiry.ts';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import type { CacheStore } from '../../activities/cache/cache-store.ts';
import { getIfThere } from '../../activities/cache/get-if-there.ts';
import type { Prediction } from '../../activities/cache/prediction.ts';
import { needRoom } from '../../activities/cache/need-room.ts';
import { p99, probeServing } from '../../activities/cache/serving-probe.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { KEYS_PER_ROUTE, parseRoutes, type RouteRow } from '../../activities/flights/route-table.ts';
import { planShards } from '../../activities/scoring/plan-shards.ts';
import { Delay, File, owner } from '../data.ts';
import { hotKeys } from './hot-keys.ts';
import { sameModel } from './model-files.ts';
import { KEY_BYTES, Pace, RouteShard, Target, withCache } from './target.ts';

const ROUTES_PER_SHARD = 512;
const ROUTES_AT_ONCE = 128;

/** Compares the universe with what is served, key by key. */
export const diff = task({
  name: 'cache.diff',
  version: '2',
  owner,
  input: z.object({ routes: File, model: Delay, target: Target }),
  output: z.object({
    missing: z.int(),
    stale: z.int(),
    reusable: z.int(),
    /** Share of the universe that readers find today, by keys and by demand. */
    coverage: z.number(),
    weighted: z.number(),
    /** Names of routes whose every input is the same as in the version that is served. */
    unchanged: File,
  }),
  async run({ routes: file, model, target }, ctx) {
    const breathe = breathing(ctx.signal);
    const routes = parseRoutes(await ctx.readArtifact(file));
    const scorer = await sameModel(ctx, model, target.model);
    const count = { missing: 0, stale: 0, reusable: 0 };
    let demand = 0;
    let served = 0;
    const unchanged: string[] = [];
    await withCache(target, ctx, async (store) => {
      const now = Date.now() / 1000;
      for (let first = 0; first < routes.length; first += ROUTES_AT_ONCE) {
        const some = routes.slice(first, first + ROUTES_AT_ONCE);
        const { keys, inputs } = scorer.inputs(some);
        const found = target.from === null ? [] : (await getIfThere(store, target.from, keys)).map((one) => (one && one.expiresAt > now ? one : null));
        for (const [r, route] of some.entries()) {
          const before = { ...count };
          for (let i = r * KEYS_PER_ROUTE; i < (r + 1) * KEYS_PER_ROUTE; i++) count[stateOf(found[i], inputs[i])]++;
          if (count.reusable - before.reusable === KEYS_PER_ROUTE) unchanged.push(route.route);
          demand += route.flights;
          served += route.flights * (1 - (count.missing - before.missing) / KEYS_PER_ROUTE);
        }
        ctx.progress(first + some.length, routes.length);
        await breathe();
      }
    });
    const all = routes.length * KEYS_PER_ROUTE;
    ctx.log.info(`${target.from ?? 'nothing'} is served: ${count.missing} keys are missing, ${count.stale} stale, ${count.reusable} can be taken over`);
    return {
      ...count,
      coverage: all === 0 ? 1 : (all - count.missing) / all,
      weighted: demand === 0 ? 1 : served / demand,
      unchanged: await ctx.artifact('unchanged.json', JSON.stringify(unchanged)),
    };
  },
});

const stateOf = (found: Prediction | null | undefined, input: number | undefined): 'missing' | 'stale' | 'reusable' =>
  !found ? 'missing' : found.input === input ? 'reusable' : 'stale';

/** Shards by demand: what readers ask for most is written first. Within a shard, routes are in the order of their keys. */
export const rank = task({
  name: 'cache.rank',
  version: '1',
  owner,
  input: z.object({ routes: File }),
  output: z.object({ ranked: File, demand: z.int(), shards: z.array(RouteShard), hot: z.array(z.string()) }),
  async run({ routes: file }, ctx) {
    const byDemand = parseRoutes(await ctx.readArtifact(file)).toSorted((a, b) => b.flights - a.flights || (a.route < b.route ? -1 : 1));
    const shards = planShards(byDemand.length, ROUTES_PER_SHARD);
    const byKey = (a: RouteRow, b: RouteRow): number => (a.route < b.route ? -1 : 1);
    const ranked = shards.flatMap(({ first, count }) => byDemand.slice(first, first + count).sort(byKey));
    return {
      ranked: await ctx.artifact('ranked.json', JSON.stringify(ranked)),
      demand: ranked.reduce((sum, { flights }) => sum + flights, 0),
      shards,
      hot: hotKeys(byDemand),
    };
  },
});

/** Share of what the cache can take that prewarming uses: readers and other writers need the rest. */
const SHARE = 0.7;
const PROBE_ENTRIES = 2_000;
const PROBE_READS = 20;
const PROBE_TABLE = 'probe';

export const planWrites = task({
  name: 'cache.plan_writes',
  version: '1',
  owner,
  input: z.object({ target: Target, keys: z.int(), hot: z.array(z.string()), parallel: z.int(), maxRate: z.number(), p99Ms: z.number() }),
  output: z.object({
    pace: Pace,
    /** Entries a second that the cache took when it was asked. */
    measured: z.number(),
    /** Seconds until all is written, at the planned rate. */
    drainS: z.number(),
    /** p99 of reads before anything was written; null: nothing is served. */
    readMs: z.number().nullable(),
  }),
  async run({ target, keys, hot, parallel, maxRate, p99Ms }, ctx) {
    return withCache(target, ctx, async (store) => {
      await needRoom(store, keys, KEY_BYTES);
      const measured = await throughput(store, `${ctx.runId}/`);
      let readMs: number | null = null;
      if (target.from !== null) {
        const reader = cacheReader(store);
        const samples = [];
        for (let i = 0; i < PROBE_READS; i++) samples.push(await probeServing(reader, hot.slice(0, 20)));
        readMs = p99(samples);
        if (readMs > p99Ms) ctx.log.warn(`reads take ${readMs.toFixed(1)} ms before anything is written, and ${p99Ms} ms are allowed: this will be slow`);
      }
      const rate = Math.min(maxRate, measured * SHARE);
      const drainS = Math.round((keys / rate) * 10) / 10;
      ctx.log.info(`the cache takes ${Math.round(measured)} entries a second; at ${Math.round(rate)} all is written in ${drainS} s`);
      return { pace: { rate: rate / parallel, limitMs: p99Ms }, measured: Math.round(measured), drainS, readMs: readMs === Infinity ? null : readMs };
    });
  },
});

/** Entries a second, the better of two rounds: the first one also opens connections. */
async function throughput(store: CacheStore, prefix: string): Promise<number> {
  const keys = Array.from({ length: PROBE_ENTRIES }, (_, i) => prefix + String(i).padStart(6, '0'));
  const entries = {
    keys,
    scores: new Float32Array(keys.length),
    expiresAt: expiries(keys, Math.floor(Date.now() / 1000), 60),
    inputs: new Float64Array(keys.length),
    stamp: 1,
  };
  let best = 0;
  for (let round = 0; round < 2; round++) {
    const started = performance.now();
    await store.put(PROBE_TABLE, entries);
    best = Math.max(best, (1_000 * keys.length) / (performance.now() - started));
    await store.remove(PROBE_TABLE, keys);
  }
  return best;
}
