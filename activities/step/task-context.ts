/** The TaskContext of a step: what an author's code gets as `ctx`, made of the host's parts. */
import type { Artifact, ColumnBatch, SliceFile, TaskContext } from '../../dsl/authoring/context.ts';
import type { Dataset } from '../../dsl/authoring/dataset.ts';
import type { TaskValue } from '../../dsl/authoring/values.ts';
import type { AttemptMeta, ItemListHandle, SliceHandle, StagedPartition, StepCall } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { noTracker } from '../tracking/step-tracker.ts';
import { readArtifact, writeArtifact } from './artifacts.ts';
import type { AttemptLog } from './attempt-log.ts';
import { stepCheckpoint, type StepCheckpoint } from './checkpoint.ts';
import { datasetDef } from './dataset-def.ts';
import { stepUri } from './step-folder.ts';
import type { ReadOptions, RowBatches, StepHost } from './step-host.ts';

export interface StepContext {
  readonly ctx: TaskContext;
  readonly checkpoint: StepCheckpoint;
  /** Partitions staged by ctx.write, with the handle that the task got. */
  readonly staged: readonly { readonly slice: SliceHandle; readonly staged: Omit<StagedPartition, 'at'> }[];
  readonly rows: { in: number; out: number };
  /** Slices and models of its input, and the files beyond the project that the step says it read. */
  readonly reads: NonNullable<AttemptMeta['reads']>[number][];
}

export function taskContext(call: StepCall, task: TaskValue, host: StepHost, signal: AbortSignal, openLog: () => AttemptLog): StepContext {
  const checkpoint = stepCheckpoint(call, host);
  const staged: { slice: SliceHandle; staged: Omit<StagedPartition, 'at'> }[] = [];
  const inputs: SliceHandle[] = [];
  const rows = { in: 0, out: 0 };
  const reads: StepContext['reads'] = [];
  let lists = 0;

  async function* read(from: Dataset, slice: SliceHandle, options?: ReadOptions): AsyncGenerator<ColumnBatch<Record<string, unknown>>> {
    inputs.push(slice);
    for await (const batch of host.data.readSlice(datasetDef(from), slice, options)) {
      signal.throwIfAborted();
      rows.in += batch.numRows;
      yield batch;
    }
  }
  const ctx = {
    get log() {
      return openLog().log;
    },
    progress(done: number, total: number | null, note?: string): void {
      host.push({
        kind: 'progress',
        runId: call.runId,
        step: call.step,
        ...(call.retry !== undefined && { retry: call.retry }),
        attempt: host.attempt,
        done,
        total,
        note: note === undefined ? null : host.redactor.text(note),
        at: host.now(),
      });
    },
    checkpoint,
    artifact: (name: string, content: Uint8Array | string | AsyncIterable<Uint8Array>) => writeArtifact(call, host, name, content),
    readArtifact: (from: Artifact | string) => readArtifact(host, from),
    source(uri: string, digest = ''): void {
      if (reads.length < 200) reads.push({ kind: 'file', name: host.redactor.text(uri), digest });
    },
    track: (host.tracker ?? noTracker).track,
    items: (items: Iterable<Json> | AsyncIterable<Json>) =>
      host.data.writeItems(
        clean(items, host),
        `${stepUri(call.runId, call.step)}/items-${++lists}-${call.retry === undefined ? '' : `r${call.retry}-`}${host.attempt}`,
      ),
    readItems: (list: ItemListHandle) => host.data.readItems(list),
    async secret(name: string): Promise<string> {
      const value = await host.secret(name);
      if (value === undefined) {
        throw new HeddleError('HDL-NO-SECRET', {
          what: `The worker ${host.worker} has no secret "${name}".`,
          where: `${call.pipeline}, step ${call.step}`,
          fix: `Set HEDDLE_SECRET_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')} where the worker runs, or put "${name}" into the file that HEDDLE_SECRETS_FILE names.`,
        });
      }
      return value;
    },
    signal,
    attempt: host.attempt,
    runId: call.runId,
    step: call.step,
    partition: call.partition ?? null,
    into: call.into ?? null,
    idempotencyKey: `${call.runId}/${call.step}`,
    read,
    async *readRows(from: Dataset, slice: SliceHandle, options?: ReadOptions) {
      for await (const batch of read(from, slice, options)) yield* batch.rows();
    },
    files(_from: Dataset, slice: SliceHandle): Promise<readonly SliceFile[]> {
      inputs.push(slice);
      return host.data.sliceFiles(slice);
    },
    async write(to: Dataset, given: RowBatches): Promise<SliceHandle> {
      if (!call.into) {
        throw new HeddleError('HDL-NO-TARGET', {
          what: `Step ${call.step} writes ${to.name} and was not told which partition.`,
          where: `${call.pipeline}, task ${task.name}`,
        });
      }
      const made = await host.data.stage(datasetDef(to), call.into, given, { call, attempt: host.attempt, codeDigest: await host.codeDigest(task), inputs });
      signal.throwIfAborted();
      staged.push(made);
      rows.out += made.slice.rows;
      return made.slice;
    },
  };
  return { ctx: ctx as unknown as TaskContext, checkpoint, staged, rows, reads }; // the same shape; handles' phantom types exist for authors only
}

/** Items are part of an output: they carry no secret. */
function clean(items: Iterable<Json> | AsyncIterable<Json>, host: StepHost): Iterable<Json> | AsyncIterable<Json> {
  return (async function* () {
    for await (const item of items) yield host.redactor.json(item);
  })();
}
