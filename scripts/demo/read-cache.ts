/**
 * Reads the prewarmed cache as a serving process does, in this process, and compares every entry with a score made afresh
 * from the model's file. For scripts/demo.ts.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openCacheReader } from '../../activities/cache/cache-reader.ts';
import { verifyPredictions, type Verdict } from '../../activities/cache/verify-predictions.ts';
import { parseRoutes, universeOf } from '../../activities/flights/route-table.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';

export interface CacheCheck extends Verdict {
  readonly version: string | null;
  /** A few predictions, for people. */
  readonly examples: readonly { readonly key: string; readonly score: number | null }[];
}

/** `routes`: the file that flights.enumerate wrote; `model`: folder and digest of the served version. */
export async function checkCache(cache: string, routesUri: string, model: { readonly uri: string; readonly digest: string }): Promise<CacheCheck> {
  const routes = parseRoutes(await readFile(pathOf(routesUri)));
  const session = await onnxSession(model.digest, () => readFile(pathOf(`${model.uri}/model.onnx`)));
  const reader = await openCacheReader(cache, 'flights');
  const total = { expected: 0, found: 0, mismatches: 0 };
  try {
    for (let first = 0; first < routes.length; first += 256) {
      const { keys, x } = universeOf(routes.slice(first, first + 256));
      const verdict = await verifyPredictions(reader, keys, await scoreMatrix(session, x, x.length / keys.length));
      total.expected += verdict.expected;
      total.found += verdict.found;
      total.mismatches += verdict.mismatches;
    }
    const busiest = routes.toSorted((a, b) => b.flights - a.flights).slice(0, 3);
    const keys = busiest.map(({ route }) => `${route}/4/17`);
    const { version, predictions } = reader.getMany(keys);
    return { ...total, version, examples: keys.map((key, i) => ({ key, score: predictions[i]?.score ?? null })) };
  } finally {
    await reader.close();
  }
}
const pathOf = (uri: string): string => (uri.startsWith('file:') ? fileURLToPath(uri) : uri);
