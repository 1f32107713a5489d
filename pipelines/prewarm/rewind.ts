/**
 * flights.prewarm_rewind: what has changed since the universe was pinned. It runs within flights.prewarm, after the verification,
 * and pins the counts anew; routes whose normalised input differs are scored again and written over, with a newer stamp.
 */
import { pipeline, task, z } from 'heddle';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { expiries } from '../../activities/cache/expiry.ts';
import { notVerified } from '../../activities/cache/prewarm-errors.ts';
import { verifyPredictions } from '../../activities/cache/verify-predictions.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { parseRoutes } from '../../activities/flights/route-table.ts';
import { Counts, Day, Delay, File, owner } from '../data.ts';
import { sameModel } from './model-files.ts';
import { Target, withCache } from './target.ts';
import { enumerate } from './universe.ts';
import { LIFETIME_S } from './warm.ts';

export const rewriteChanged = task({
  name: 'cache.rewrite_changed',
  version: '1',
  owner,
  timeout: '2h',
  heartbeat: '1m',
  input: z.object({ before: File, after: File, model: Delay, target: Target }),
  output: z.object({ changed: z.int(), gone: z.int(), entries: z.int(), newer: z.int() }),
  async run({ before, after, model, target }, ctx) {
    if (before.digest === after.digest && before.bytes === after.bytes) return { changed: 0, gone: 0, entries: 0, newer: 0 };
    const breathe = breathing(ctx.signal);
    const inputOf = ({ rates, distance }: { rates: unknown; distance: number }): string => JSON.stringify([rates, distance]);
    const old = new Map(parseRoutes(await ctx.readArtifact(before)).map((route) => [route.route, route]));
    const present = parseRoutes(await ctx.readArtifact(after));
    const changed = present.filter((route) => {
      const was = old.get(route.route);
      return !was || inputOf(was) !== inputOf(route);
    });
    const names = new Set(present.map(({ route }) => route));
    const gone = [...old.values()].filter(({ route }) => !names.has(route));
    const scorer = await sameModel(ctx, model, target.model);
    const { keys, scores, inputs } = await scorer.score(changed, breathe);
    return withCache(target, ctx, async (store) => {
      const stamp = Math.max(Date.now(), target.asOf * 1_000 + 1);
      const done = await writePredictions(
        store,
        target.version,
        { keys, scores, inputs, expiresAt: expiries(keys, target.asOf, LIFETIME_S), stamp },
        { breathe },
      );
      await store.remove(target.version, scorer.inputs(gone).keys);
      const verdict = await verifyPredictions(cacheReader(store, { version: target.version }), keys, scores, breathe);
      if (verdict.found < verdict.expected || verdict.mismatches > done.newer)
        throw notVerified(
          { ...target, where: store.where },
          `Of ${verdict.expected} entries that changed since the snapshot, ${verdict.found} were read back, ${verdict.mismatches} with another score.`,
        );
      ctx.log.info(`since the snapshot ${changed.length} routes have changed and ${gone.length} are gone`);
      return { changed: changed.length, gone: gone.length, entries: done.written, newer: done.newer };
    });
  },
});

export const rewind = pipeline(
  { name: 'flights.prewarm_rewind', owner, partitions: Day, params: z.object({ before: File, snapshot: z.string(), model: Delay, target: Target }) },
  ({ params: { before, model, target, snapshot }, partition }) => {
    const now = enumerate({ history: Counts.before(partition, '28d'), asOf: partition.start });
    const rewritten = rewriteChanged({ before, after: now.routes, model, target });
    return { changed: rewritten.changed, gone: rewritten.gone, newer: rewritten.newer, routes: now.routes, since: snapshot, snapshot: now.snapshot };
  },
);
