/** Step of flights.prewarm: reads the new version as a reader would, and compares each entry with a fresh score. */
import { task, z } from 'heddle';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { notVerified } from '../../activities/cache/prewarm-errors.ts';
import { verifyPredictions } from '../../activities/cache/verify-predictions.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { parseRoutes } from '../../activities/flights/route-table.ts';
import { Delay, File, owner } from '../data.ts';
import { sameModel } from './model-files.ts';
import { Target, withCache } from './target.ts';
import { Warmed } from './warm.ts';

const ROUTES_AT_ONCE = 128;

export const verify = task({
  name: 'cache.verify',
  version: '2',
  owner,
  timeout: '2h',
  heartbeat: '1m',
  input: z.object({ routes: File, model: Delay, target: Target, written: z.array(Warmed), goal: z.number() }),
  output: z.object({ entries: z.int(), coverage: z.number(), weighted: z.number(), mismatches: z.int(), reused: z.int(), negative: z.int() }),
  async run({ routes: file, model, target, written, goal }, ctx) {
    const breathe = breathing(ctx.signal);
    const routes = parseRoutes(await ctx.readArtifact(file));
    const scorer = await sameModel(ctx, model, target.model);
    const total = { expected: 0, found: 0, mismatches: 0, demand: 0, served: 0 };
    const where = await withCache(target, ctx, async (store) => {
      const reader = cacheReader(store, { version: target.version });
      for (let first = 0; first < routes.length; first += ROUTES_AT_ONCE) {
        const some = routes.slice(first, first + ROUTES_AT_ONCE);
        const { keys, scores } = await scorer.score(some, breathe);
        const verdict = await verifyPredictions(reader, keys, scores, breathe);
        const demand = some.reduce((sum, { flights }) => sum + flights, 0);
        total.expected += verdict.expected;
        total.found += verdict.found;
        total.mismatches += verdict.mismatches;
        total.demand += demand;
        total.served += (demand * verdict.found) / verdict.expected;
        ctx.progress(first + some.length, routes.length);
      }
      return store.where;
    });
    const entries = written.reduce((sum, shard) => sum + shard.entries + shard.newer, 0);
    const coverage = share(total.found, total.expected);
    if (coverage < goal || total.mismatches > 0)
      throw notVerified(
        { ...target, where },
        `Of ${total.expected} entries, ${entries} were written and ${total.found} read back (${(100 * coverage).toFixed(2)} %, and ${100 * goal} % are wanted), ${total.mismatches} with another score than the model gives.`,
      );
    if (entries !== total.found) ctx.log.warn(`${entries} entries were written, and ${total.found} were read back`);
    return {
      entries: total.found,
      coverage,
      weighted: share(total.served, total.demand),
      mismatches: total.mismatches,
      reused: written.reduce((sum, shard) => sum + shard.reused, 0),
      negative: written.reduce((sum, shard) => sum + shard.negative, 0),
    };
  },
});
const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);
