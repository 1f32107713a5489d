/**
 * Reads the prewarmed cache as a serving process does, in this process, and compares every entry with a score made afresh
 * from the model's file. For scripts/demo.ts.
 */
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { verifyPredictions, type Verdict } from '../../activities/cache/verify-predictions.ts';
import { parseRoutes } from '../../activities/flights/route-table.ts';
import { routeScorer } from '../../pipelines/prewarm/score-routes.ts';
import type { Store } from '../../storage/store.ts';

export interface CacheCheck extends Verdict {
  readonly version: string | null;
  /** A few predictions, for people. */
  readonly examples: readonly { readonly key: string; readonly score: number | null }[];
}

/** `files`: the store of the run. `routes`: the file that flights.enumerate wrote; `model`: folder of the served version. */
export async function checkCache(files: Store, cache: string, routesUri: string, model: { readonly uri: string }): Promise<CacheCheck> {
  const routes = parseRoutes(await files.read(routesUri));
  const scorer = await routeScorer((file) => files.read(`${model.uri}/${file}`));
  const store = await openCache({ kind: 'embedded', folder: cache }, 'flights');
  const reader = cacheReader(store);
  const total = { expected: 0, found: 0, mismatches: 0 };
  try {
    for (let first = 0; first < routes.length; first += 256) {
      const { keys, scores } = await scorer.score(routes.slice(first, first + 256));
      const verdict = await verifyPredictions(reader, keys, scores);
      total.expected += verdict.expected;
      total.found += verdict.found;
      total.mismatches += verdict.mismatches;
    }
    const busiest = routes.toSorted((a, b) => b.flights - a.flights).slice(0, 3);
    const keys = busiest.map(({ route }) => `${route}/4/17`);
    const { version, predictions } = await reader.getMany(keys);
    return { ...total, version, examples: keys.map((key, i) => ({ key, score: predictions[i]?.score ?? null })) };
  } finally {
    await store.close();
  }
}
