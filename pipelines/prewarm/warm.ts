/** Step of flights.prewarm: scores a shard of routes and writes it under the new version, no faster than readers bear. */
import { task, z } from 'heddle';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import type { CacheStore } from '../../activities/cache/cache-store.ts';
import { getIfThere } from '../../activities/cache/get-if-there.ts';
import { expiries } from '../../activities/cache/expiry.ts';
import { probeServing } from '../../activities/cache/serving-probe.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';
import { writeThrottle } from '../../activities/cache/write-throttle.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { parseRoutes, type RouteRow } from '../../activities/flights/route-table.ts';
import { Delay, File, owner } from '../data.ts';
import { sameModel } from './model-files.ts';
import type { RoutePredictions, RouteScorer } from './score-routes.ts';
import { Pace, RouteShard, Target, withCache } from './target.ts';

/** How long a prediction is worth keeping. */
export const LIFETIME_S = 7 * 86_400;
const ROUTES_AT_ONCE = 128;
/** Small, so that a lowered rate is felt at once. */
const ENTRIES_AT_ONCE = 1_000;

export const Warmed = z.object({
  id: z.string(),
  entries: z.int(),
  /** Taken over from the version that is served, not scored. */
  reused: z.int(),
  /** Known to have no prediction: out of the range that the model was trained on. */
  negative: z.int(),
  /** Left as they were, because what was there is newer. */
  newer: z.int(),
  /** How often readers became slow and the writing was slowed down. */
  backedOff: z.int(),
});

export const warmShard = task({
  name: 'cache.warm_shard',
  version: '3',
  owner,
  timeout: '2h',
  heartbeat: '1m',
  input: z.object({ shard: RouteShard, routes: File, unchanged: File, model: Delay, target: Target, pace: Pace, hot: z.array(z.string()) }),
  output: Warmed,
  async run({ shard, routes: file, unchanged, model, target, pace, hot }, ctx) {
    const breathe = breathing(ctx.signal);
    const routes = parseRoutes(await ctx.readArtifact(file)).slice(shard.first, shard.first + shard.count);
    const same = new Set(JSON.parse(new TextDecoder().decode(await ctx.readArtifact(unchanged))) as string[]); // written by cache.diff
    const scorer = await sameModel(ctx, model, target.model);
    const total = { entries: 0, reused: 0, negative: 0, newer: 0 };
    return withCache(target, ctx, async (store) => {
      const reader = cacheReader(store);
      const throttle = writeThrottle({
        ...pace,
        probe: target.from === null ? null : () => probeServing(reader, hot.slice(0, 20)),
        changed: (rate, ms) => {
          ctx.log.info(`readers wait ${ms === Infinity ? 'without an answer' : `${ms.toFixed(1)} ms`}: ${Math.round(rate)} entries a second from here on`);
        },
      });
      try {
        for (let first = 0; first < routes.length; first += ROUTES_AT_ONCE) {
          const some = routes.slice(first, first + ROUTES_AT_ONCE);
          const { keys, scores, inputs, reused } = await predictionsOf(some, same, store, target.from, scorer, breathe);
          const done = await writePredictions(
            store,
            target.version,
            { keys, scores, inputs, expiresAt: expiries(keys, target.asOf, LIFETIME_S), stamp: target.asOf * 1_000 },
            { batch: ENTRIES_AT_ONCE, take: (entries) => throttle.take(entries), breathe },
          );
          total.entries += done.written;
          total.newer += done.newer;
          total.reused += reused;
          for (const score of scores) if (Number.isNaN(score)) total.negative++;
          ctx.progress(first + some.length, routes.length, `${Math.round(throttle.rate)} entries/s`);
        }
      } finally {
        await throttle.stop();
      }
      return { id: shard.id, ...total, backedOff: throttle.backedOff };
    });
  },
});

/** Takes over what is unchanged and still there; scores the rest. In the order of the routes. */
async function predictionsOf(
  routes: readonly RouteRow[],
  unchanged: ReadonlySet<string>,
  store: CacheStore,
  from: string | null,
  scorer: RouteScorer,
  breathe: () => Promise<void>,
): Promise<RoutePredictions & { readonly reused: number }> {
  const old = from === null ? [] : routes.filter(({ route }) => unchanged.has(route));
  if (old.length === 0) return { ...(await scorer.score(routes, breathe)), reused: 0 };
  const { keys, inputs } = scorer.inputs(routes);
  const perRoute = keys.length / routes.length;
  const scores = new Float32Array(keys.length);
  const found = await getIfThere(store, from ?? '', keys);
  const again: number[] = [];
  for (const [r, { route }] of routes.entries()) {
    const its = found.slice(r * perRoute, (r + 1) * perRoute);
    // seen by cache.diff, and perhaps evicted or rewritten since
    if (unchanged.has(route) && its.every((one, i) => one?.input === inputs[r * perRoute + i])) {
      for (const [i, one] of its.entries()) scores[r * perRoute + i] = one?.score ?? Number.NaN;
    } else again.push(r);
  }
  const fresh = await scorer.score(
    again.map((r) => routes[r]!),
    breathe,
  );
  for (const [nth, r] of again.entries()) scores.set(fresh.scores.subarray(nth * perRoute, (nth + 1) * perRoute), r * perRoute);
  return { keys, scores, inputs, reused: (routes.length - again.length) * perRoute };
}
