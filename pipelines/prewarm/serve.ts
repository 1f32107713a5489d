/** Steps of flights.prewarm: verify through the reader's path, swap the pointer, reclaim old versions. */
import { task, z } from 'heddle';
import { openCacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache } from '../../activities/cache/cache-store.ts';
import { oldVersions } from '../../activities/cache/old-versions.ts';
import { verifyPredictions } from '../../activities/cache/verify-predictions.ts';
import { breathing } from '../../activities/flights/breathe.ts';
import { parseRoutes, universeOf } from '../../activities/flights/route-table.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { Delay, File, owner } from '../data.ts';
import { Target } from './universe.ts';
import { Warmed } from './warm.ts';

/** A version stays at least so long. */
const ROLLBACK_S = 86_400;
/** Routes that are scored afresh at a time. */
const ROUTES_AT_ONCE = 512;

export const verify = task({
  name: 'cache.verify',
  version: '1',
  owner,
  input: z.object({ routes: File, model: Delay, target: Target, written: z.array(Warmed) }),
  output: z.object({ entries: z.int(), coverage: z.number(), weighted: z.number(), mismatches: z.int() }),
  async run({ routes: file, model, target, written }, ctx) {
    const breathe = breathing(ctx.signal);
    const routes = parseRoutes(await ctx.readArtifact(file));
    const session = await onnxSession(model.digest, () => ctx.readArtifact(`${model.uri}/model.onnx`));
    const reader = await openCacheReader(target.cache, target.namespace, { version: target.version });
    const total = { expected: 0, found: 0, mismatches: 0, demand: 0, served: 0 };
    try {
      for (let first = 0; first < routes.length; first += ROUTES_AT_ONCE) {
        const some = routes.slice(first, first + ROUTES_AT_ONCE);
        const { keys, x } = universeOf(some);
        const verdict = await verifyPredictions(reader, keys, await scoreMatrix(session, x, x.length / keys.length, breathe), breathe);
        const demand = some.reduce((sum, { flights }) => sum + flights, 0);
        total.expected += verdict.expected;
        total.found += verdict.found;
        total.mismatches += verdict.mismatches;
        total.demand += demand;
        total.served += (demand * verdict.found) / verdict.expected;
        ctx.progress(first + some.length, routes.length);
      }
    } finally {
      await reader.close();
    }
    const entries = written.reduce((sum, shard) => sum + shard.entries, 0);
    if (entries !== total.found) ctx.log.warn(`${entries} entries were written, and ${total.found} were read back`);
    return { entries: total.found, coverage: share(total.found, total.expected), weighted: share(total.served, total.demand), mismatches: total.mismatches };
  },
});
const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);

export const swap = task({
  name: 'cache.swap',
  version: '1',
  owner,
  input: z.object({ target: Target, from: z.string().nullable() }),
  output: z.object({ version: z.string() }),
  async run({ target, from }, ctx) {
    const store = await openCache(target.cache, target.namespace);
    try {
      if (!store.swap(from, target.version, ctx.idempotencyKey)) {
        throw new Error(
          `the cache serves ${store.pointer()?.version ?? 'nothing'} and not ${from ?? 'nothing'} any more: another run was faster, and its version stays`,
        );
      }
      return { version: target.version };
    } finally {
      await store.close();
    }
  },
});

export const reclaim = task({
  name: 'cache.reclaim',
  version: '1',
  owner,
  input: z.object({ target: Target }),
  output: z.object({ versions: z.array(z.string()) }),
  async run({ target }, ctx) {
    const store = await openCache(target.cache, target.namespace);
    try {
      const old = oldVersions(store, Math.floor(Date.now() / 1000), ROLLBACK_S);
      for (const version of old) {
        await store.drop(version);
        ctx.log.info(`dropped version ${version}`);
      }
      return { versions: old };
    } finally {
      await store.close();
    }
  },
});
