/** The model's files, and whether they are still those that the run began with. Used by steps of flights.prewarm. */
import type { TaskContext, Model } from 'heddle';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
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
  throw new HeddleError('HDL-CACHE-MODEL-CHANGED', {
    what: `The file of ${model.name} ${model.version} is not the one that this run began with.`,
    where: `${model.uri}/model.onnx`,
    why: 'A part of the version would come from one model and a part from another. It is not served; what is served stays.',
  });
}
