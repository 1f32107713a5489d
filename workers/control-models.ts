/** Control steps heddle.register_model, heddle.promote_model and heddle.notify: steps of pool 'heddle'. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import { keepModelFiles } from '../api/models/model-files.ts';
import { changeAlias, announceVersion } from '../api/models/move-alias.ts';
import { findModel, handleOf, registerVersion, type ModelVersion } from '../catalog/models.ts';
import { pinnedVersion } from '../catalog/pins.ts';
import { getRun } from '../catalog/runs.ts';
import type { ControlActivities, ControlStepCall } from '../dsl/contract/control.ts';
import type { ModelHandle } from '../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { ErrorCode } from '../dsl/errors/registry.ts';
import type { Json, JsonObject } from '../dsl/plan/types.ts';
import { loadInputs } from '../storage/values.ts';
import { finalFailure } from './control-failure.ts';

/**
 * Input { model, metrics?, slices? }: the next version of model.name, with a copy of the files at model.uri. Output { model }
 * with its number and the copy's place.
 */
export const registerModel =
  (parts: ServerParts): ControlActivities['heddle.register_model'] =>
  async (call) => {
    const input = await inputOf(parts, call);
    const model = modelIn(call, input['model']);
    const kept = await finalIfRefused(keepModelFiles(parts.store, model), ['HDL-MODEL-FILE'], 'data');
    const run = await getRun(parts.catalog.db, call.runId);
    const version = await registerVersion(parts.catalog, {
      project: call.project,
      name: model.name,
      uri: kept.uri,
      digest: model.digest,
      details: {
        metrics: input['metrics'] ?? {},
        slices: input['slices'] ?? {},
        meta: kept.meta,
        bytes: kept.bytes,
        pipeline: call.pipeline,
        partition: run?.partition ?? null,
        planHash: run?.planHash ?? null,
      },
      runId: call.runId,
      step: call.step,
      at: Date.now(),
    });
    await announceVersion(parts, call.project, version);
    return { output: { model: handleJson(version) } };
  };

/**
 * Input { model, alias, expected? }. Output { model, previous }. Expected is the author's, else what the run itself saw
 * behind the alias when it was pinned, else whatever stands there now. Of two racing promotions one fails: HDL-ALIAS-MOVED.
 */
export const promoteModel =
  (parts: ServerParts): ControlActivities['heddle.promote_model'] =>
  async (call) => {
    const input = await inputOf(parts, call);
    const model = modelIn(call, input['model']);
    const { alias } = input;
    if (typeof alias !== 'string' || !/^[a-z][\w.-]*$/i.test(alias)) throw wrongInput(call, `"alias" is ${JSON.stringify(alias)}`);
    const given = input['expected'];
    const expect =
      given === undefined ? await pinnedVersion(parts.catalog.db, call.runId, `${model.name}@${alias}`) : given === null ? null : modelIn(call, given).version;
    const run = await getRun(parts.catalog.db, call.runId);
    const change = await finalIfRefused(
      changeAlias(parts, {
        project: call.project,
        name: model.name,
        alias,
        to: model.version,
        expect,
        by: run?.startedBy ?? 'heddle',
        at: Date.now(),
        runId: call.runId,
        step: call.step,
      }),
      ['HDL-ALIAS-MOVED', 'HDL-NO-MODEL'],
      'user',
    );
    const now = await findModel(parts.catalog.db, call.project, `${model.name}@${change.to}`);
    const previous = change.from === null ? undefined : await findModel(parts.catalog.db, call.project, `${model.name}@${change.from}`);
    return { output: { model: now ? handleJson(now) : (model as unknown as Json), previous: previous ? handleJson(previous) : null } }; // a handle is plain JSON
  };

/** Input { text, level? }. Output null. The message is written down, and sent when the receiver takes it. */
export const notify =
  (parts: ServerParts): ControlActivities['heddle.notify'] =>
  async (call) => {
    const input = await inputOf(parts, call);
    const run = await getRun(parts.catalog.db, call.runId);
    // An id is sent once: a retry runs the always block again, and says again how the run has ended.
    const again = run && run.retry > 0 ? `/${run.retry}` : '';
    await parts.notify(parts.catalog.db, 'message', `${call.runId}/${call.step}${again}`, {
      runId: call.runId,
      pipeline: call.pipeline,
      step: call.step,
      text: input['text'] ?? '',
      level: input['level'] ?? 'info',
    });
    return { output: null };
  };

async function inputOf(parts: ServerParts, call: ControlStepCall): Promise<JsonObject> {
  const input = await loadInputs(parts.store, call.input);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw wrongInput(call, 'it is no object');
  return input as JsonObject; // an object and no array
}

function modelIn(call: ControlStepCall, value: Json | undefined): ModelHandle {
  const { kind, name, version, uri, digest } = (typeof value === 'object' && value !== null ? value : {}) as JsonObject;
  if (kind !== 'model' || typeof name !== 'string' || typeof version !== 'string' || typeof uri !== 'string' || typeof digest !== 'string')
    throw wrongInput(call, `"model" is no model handle: ${JSON.stringify(value)?.slice(0, 200) ?? 'missing'}`);
  return { kind, name, version, uri, digest };
}

const wrongInput = (call: ControlStepCall, why: string): Error =>
  finalFailure(
    new HeddleError('HDL-BAD-REQUEST', {
      what: `The input of ${call.step} does not fit: ${why}.`,
      where: `run ${call.runId}, step ${call.step}`,
      fix: 'Pass the model that a task returned by modelHandle.',
    }),
    'data',
  );

const handleJson = (version: ModelVersion): Json => handleOf(version) as unknown as Json; // a handle is plain JSON

/** What trying again would not change fails the step for good. */
async function finalIfRefused<T>(work: Promise<T>, codes: readonly ErrorCode[], failureClass: 'user' | 'data'): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isHeddleError(error) && codes.includes(error.code) ? finalFailure(error, failureClass) : error;
  }
}
