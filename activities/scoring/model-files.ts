/** A model as scoring takes it, from the files that lie at its handle. Worker side. */
import { parseMeta, type ModelMeta } from '../training/model-meta.ts';
import type { ModelSchema } from './model-schema.ts';

/** What scoring needs of a model. */
export interface ScoredModel {
  readonly digest: string;
  /** Bytes of model.onnx. */
  readonly load: () => Promise<Uint8Array>;
  readonly schema: ModelSchema;
}

/** `model`: a handle, as steps are given it. Its meta.json says which features it takes, and their ranges. Throws HDL-NOT-FOUND. */
export async function modelFiles(
  ctx: { readonly readArtifact: (uri: string) => Promise<Uint8Array> },
  model: { readonly uri: string; readonly digest: string },
): Promise<ScoredModel & { readonly schema: ModelMeta }> {
  const schema = parseMeta(await ctx.readArtifact(`${model.uri}/meta.json`));
  return { digest: model.digest, load: () => ctx.readArtifact(`${model.uri}/model.onnx`), schema };
}
