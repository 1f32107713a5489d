/** Models: versions of a trained model as typed handles, pinned once, when the run starts. Authors' surface. */
import { z } from 'zod';
import type { Handle, MaybeSkipped, Ref, RefTo } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { makeRef, usesOf } from '../plan/make-ref.ts';
import { maybeSkipped } from './when.ts';

export interface Model<Name extends string = string> extends Handle<'model'> {
  readonly name: Name;
  readonly version: string;
  /** Folder with model.onnx and meta.json. */
  readonly uri: string;
  readonly digest: string;
}
/** Schema of a model version: `modelOf('flights.delay')`, or `modelOf()` for any model. */
export const modelOf = <const Name extends string = string>(name?: Name): z.ZodType<Model<Name>, Model<Name>> =>
  z.object({
    kind: z.literal('model'),
    name: name === undefined ? z.string() : z.literal(name),
    version: z.string(),
    uri: z.string(),
    digest: z.string(),
  }) as never; // the handle's phantom exists in types only

/** The handle of a model that a task has just made: what its code returns. `version` is final only after registering. */
export const modelHandle = <const Name extends string>(of: { name: Name; version: string; uri: string; digest: string }): Model<Name> =>
  ({ kind: 'model', name: of.name, version: of.version, uri: of.uri, digest: of.digest }) as never; // as above

type NameIn<S> = S extends `${infer N}@${string}` ? N : string;
/** A model reference, 'name@alias' or 'name@version'. Fails the run if there is none. */
export const model = <const S extends `${string}@${string}`>(name: S | RefTo<string>): Ref<Model<NameIn<S>>> =>
  makeRef({ $model: { name: exprOf(name), optional: false } }, { uses: usesOf(name) }) as never;
/** The same where there may be none yet: the first champion. */
export const modelIfAny = <const S extends `${string}@${string}`>(name: S | RefTo<string>): MaybeSkipped<Model<NameIn<S>>> =>
  maybeSkipped({ $model: { name: exprOf(name), optional: true } }, usesOf(name)) as never;
