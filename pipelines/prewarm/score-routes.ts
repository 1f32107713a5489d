/** Predictions of routes: every weekday and hour of each, and a negative result where the model must not be asked. Used by steps, and by the demo's reader. */
import { createHash } from 'node:crypto';
import { inputDigests } from '../../activities/cache/input-digest.ts';
import { FEATURES } from '../../activities/flights/feature-vector.ts';
import { universeOf, type RouteRow } from '../../activities/flights/route-table.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { outOfRange, type RangeProfile } from '../../activities/training/range-profile.ts';

export interface RouteScorer {
  /** SHA-256 of model.onnx. */
  readonly fingerprint: string;
  /** Keys ascending within a route. `scores`: NaN where a row is out of the range that the model was trained on. */
  score(routes: readonly RouteRow[], breathe?: () => Promise<void>): Promise<RoutePredictions>;
  /** Keys and digests of inputs, without scores. */
  inputs(routes: readonly RouteRow[]): { readonly keys: string[]; readonly inputs: Float64Array };
}
export interface RoutePredictions {
  readonly keys: string[];
  readonly scores: Float32Array;
  readonly inputs: Float64Array;
}

/** `read`: gives a file of the model's folder. */
export async function routeScorer(read: (file: 'model.onnx' | 'meta.json') => Promise<Uint8Array>): Promise<RouteScorer> {
  const [onnx, meta] = await Promise.all([read('model.onnx'), read('meta.json')]);
  const { profile } = parseMeta(meta);
  const fingerprint = createHash('sha256').update(onnx).digest('hex');
  // by what was read just now, not by what the model's handle says: a file that was replaced must not be mistaken for it
  const session = await onnxSession(fingerprint, async () => onnx);
  const inputs = (routes: readonly RouteRow[]) => {
    const { keys, x } = universeOf(routes);
    return { keys, x, inputs: inputDigests(x, FEATURES.length, fingerprint) };
  };
  return {
    fingerprint,
    inputs,
    async score(routes, breathe) {
      const { keys, x, inputs: digests } = inputs(routes);
      const negative = outside(x, profile);
      const scores = await scoreMatrix(session, x, FEATURES.length, breathe);
      for (const row of negative) scores[row] = Number.NaN;
      return { keys, scores, inputs: digests };
    },
  };
}

function outside(x: Float32Array, profile: RangeProfile): number[] {
  const rows: number[] = [];
  for (const [row, feature] of outOfRange(x, FEATURES, profile).entries()) if (feature >= 0) rows.push(row);
  return rows;
}

/** Rates to three digits: what differs by less is the same input, and scores are made from this form alone. */
export const normalised = (route: RouteRow): RouteRow => ({
  ...route,
  rates: Object.fromEntries(
    Object.entries(route.rates).map(([name, rate]) => [name, Math.round((rate as number) * 1_000) / 1_000]),
  ) as unknown as RouteRow['rates'], // the same names
});
