/**
 * A registered version's files lie in a place of their own, store://models/files/<name>/<digest>/, so that nothing that is
 * cleaned away after a run takes them along. Server only: it copies bytes and reads meta.json, and never runs a model.
 */
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import { sha256Hex } from '../../storage/digest.ts';
import type { Store } from '../../storage/store.ts';

export interface KeptModel {
  /** Folder of model.onnx and meta.json, resolved. */
  readonly uri: string;
  readonly bytes: number;
  /** meta.json; null where the model came without one. */
  readonly meta: JsonObject | null;
}

/** Copies the files of a trained model. Again gives the same. Throws HDL-MODEL-FILE where the weights are not those of `digest`. */
export async function keepModelFiles(store: Store, model: { readonly name: string; readonly uri: string; readonly digest: string }): Promise<KeptModel> {
  const weights = await readIfThere(store, `${model.uri}/model.onnx`);
  if (!weights)
    throw new HeddleError('HDL-MODEL-FILE', {
      what: `There is no ${model.uri}/model.onnx.`,
      where: `model ${model.name}`,
      fix: "Return modelHandle with the folder in which the step's artifact model.onnx lies.",
    });
  return writeModelFiles(store, model, weights, await readIfThere(store, `${model.uri}/meta.json`));
}

/** The same for bytes that are at hand. */
export async function writeModelFiles(
  store: Store,
  { name, digest }: { readonly name: string; readonly digest: string },
  weights: Uint8Array,
  meta: Uint8Array | null,
): Promise<KeptModel> {
  const found = `sha256:${sha256Hex(weights)}`;
  if (found !== digest)
    throw new HeddleError('HDL-MODEL-FILE', {
      what: `The weights are not those that were named: their digest is ${found}, and ${digest} was expected.`,
      where: `model ${name}`,
      why: 'A version never changes, so it is registered as it was measured, or not at all.',
    });
  const uri = store.resolve(`store://models/files/${encodeURIComponent(name)}/${digest.replace('sha256:', '')}`);
  await store.write(`${uri}/model.onnx`, weights);
  if (meta) await store.write(`${uri}/meta.json`, meta);
  return { uri, bytes: weights.length, meta: meta && metaIn(name, meta) };
}

async function readIfThere(store: Store, uri: string): Promise<Uint8Array | null> {
  try {
    return await store.read(uri);
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return null;
    throw error;
  }
}

function metaIn(name: string, bytes: Uint8Array): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
  } catch (error) {
    throw new HeddleError('HDL-MODEL-FILE', { what: 'meta.json beside the weights is no JSON.', where: `model ${name}`, cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject; // an object and no array
  throw new HeddleError('HDL-MODEL-FILE', { what: 'meta.json beside the weights is no object.', where: `model ${name}` });
}
