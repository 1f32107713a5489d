/** The model's files, and whether they are still those that the run began with. Used by steps of flights.prewarm. */
import type { TaskContext, Model } from 'heddle';
import { modelChanged } from '../../activities/cache/prewarm-errors.ts';
import { routeScorer, type RouteScorer } from './score-routes.ts';

type ModelPlace = Pick<Model, 'uri' | 'name' | 'version'>;

export const readModel =
  (ctx: Pick<TaskContext, 'readArtifact'>, model: ModelPlace) =>
  (file: 'model.onnx' | 'meta.json'): Promise<Uint8Array> =>
    ctx.readArtifact(`${model.uri}/${file}`);

/** Reads the model anew. Throws HDL-CACHE-MODEL-CHANGED when its file is not the one of `fingerprint` any more. */
export async function sameModel(ctx: Pick<TaskContext, 'readArtifact'>, model: ModelPlace, fingerprint: string): Promise<RouteScorer> {
  const scorer = await routeScorer(readModel(ctx, model));
  if (scorer.fingerprint === fingerprint) return scorer;
  throw modelChanged(`The file of ${model.name} ${model.version} is not the one that this run began with.`, `${model.uri}/model.onnx`);
}
