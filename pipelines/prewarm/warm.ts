/** Step of flights.prewarm: scores a shard of routes and writes it under the new version. */
import { task, z } from 'heddle';
import { openCache } from '../../activities/cache/cache-store.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { parseRoutes, universeOf } from '../../activities/flights/route-table.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { Delay, File, owner } from '../data.ts';
import { RouteShard, Target } from './universe.ts';

const LIFETIME_S = 7 * 86_400;
export const Warmed = z.object({ id: z.string(), entries: z.int() });

export const warmShard = task({
  name: 'cache.warm_shard',
  version: '1',
  owner,
  input: z.object({ shard: RouteShard, routes: File, model: Delay, target: Target }),
  output: Warmed,
  async run({ shard, routes, model, target }, ctx) {
    const breathe = breathing(ctx.signal);
    const { keys, x } = universeOf(parseRoutes(await ctx.readArtifact(routes)).slice(shard.first, shard.first + shard.count));
    const session = await onnxSession(model.digest, () => ctx.readArtifact(`${model.uri}/model.onnx`));
    const scores = await scoreMatrix(session, x, x.length / keys.length, breathe);
    const store = await openCache(target.cache, target.namespace);
    try {
      const entries = await writePredictions(store.table(target.version), keys, scores, { asOf: target.asOf, lifetimeS: LIFETIME_S, breathe });
      return { id: shard.id, entries };
    } finally {
      await store.close();
    }
  },
});
