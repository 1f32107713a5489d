/**
 * Slices and partitions of datasets, behind the interfaces of activities/step. Arrow and Parquet are loaded with the first
 * use: most steps read none. Workers and isolated children.
 */
import type { StepData } from '../activities/step/step-host.ts';
import { INLINE_BYTES, isStored, type PublishCall } from '../dsl/contract/step.ts';
import type { Json, JsonObject } from '../dsl/plan/types.ts';
import { modelsIn } from '../storage/datasets/manifest.ts';
import { sliceInPlace } from '../storage/datasets/slice-in-place.ts';
import type { Store } from '../storage/store.ts';
import { loadInputs, storeValue } from '../storage/values.ts';

export function sliceData(store: Store): Pick<StepData, 'readSlice' | 'sliceFiles' | 'stage' | 'inPlace'> {
  return {
    inPlace: (slice) => sliceInPlace(store, slice),
    async *readSlice(dataset, slice, options) {
      const { readSlice } = await import('../storage/datasets/read-slice.ts');
      yield* readSlice(store, dataset, slice, options);
    },
    async sliceFiles(slice) {
      const { sliceFiles } = await import('../storage/datasets/slice-files.ts');
      return sliceFiles(store, slice);
    },
    async stage(dataset, key, rows, { call, attempt, codeDigest, inputs }) {
      const { stagePartition } = await import('../storage/datasets/stage-partition.ts');
      return stagePartition(store, dataset, key, rows, {
        runId: call.runId,
        step: call.step,
        attempt,
        planHash: call.planHash,
        task: call.task,
        version: call.version,
        codeDigest,
        inputs,
        models: modelsIn(call.input),
      });
    },
  };
}

/** Activity heddle.publish: puts each staged partition in place; gives the output with the final handles in it. */
export async function publishStaged(store: Store, call: PublishCall): Promise<Json> {
  const { publishPartition } = await import('../storage/datasets/publish-partition.ts');
  const { checkExpectations } = await import('../storage/datasets/check-expectations.ts');
  const stored = isStored(call.output) ? call.output : null;
  let output = stored ? await loadInputs(store, call.output) : call.output;
  for (const [i, { at, ...staged }] of call.staged.entries()) {
    const handle = await publishPartition(store, staged, {
      replace: call.replace,
      generation: call.generations?.[i],
      check: (manifest) => checkExpectations(store, staged, manifest),
    });
    output = withValue(output, at, handle as unknown as Json); // a handle is plain JSON
  }
  if (Buffer.byteLength(JSON.stringify(output)) <= INLINE_BYTES) return output;
  const keep = call.keep ?? Object.keys(stored?.kept ?? {}).map((path) => (path === '' ? [] : path.split('.')));
  return { ...(await storeValue(store, { runId: call.runId, step: call.step }, output, keep)) };
}

function withValue(value: Json, [head, ...rest]: readonly string[], put: Json): Json {
  if (head === undefined) return put;
  return { ...(value as JsonObject), [head]: withValue((value as JsonObject)[head] ?? null, rest, put) }; // the step put an object there
}
