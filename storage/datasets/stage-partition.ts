/**
 * Writes a partition where only its publish will find it: <dataset>/.heddle/staging/<run>/<step>/<attempt>-<random>/ with its files,
 * _manifest.json and _SUCCESS. Workers. An attempt writes nowhere else.
 */
import { setImmediate } from 'node:timers/promises';
import type { RecordBatch } from 'apache-arrow';
import type { DatasetDef, Json, JsonObject } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle, StagedPartition } from '../../dsl/contract/step.ts';
import { digestOf, sha256Hex } from '../digest.ts';
import { arrowBatchFor, columnarOf, isArrow, isArrowColumnar } from '../parquet/arrow-input.ts';
import { arrowSchema } from '../parquet/column-arrow.ts';
import { columnTypes, type ColumnType } from '../parquet/column-types.ts';
import { checkColumns, columnsOfRows, partOf, toRecordBatch, type Columnar } from '../parquet/to-arrow.ts';
import { fileRules, type FileRules } from '../parquet/file-layout.ts';
import { parquetBytes } from '../parquet/write-parquet.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { newStaging } from './layout.ts';
import { inputsOf, MANIFEST, SUCCESS, type Manifest, type ManifestFile } from './manifest.ts';
import { partitionKey, partitionPath } from './partition-path.ts';
import { profiler, type Profiler } from './profile.ts';

/** Rows at once, or batches of rows, columns or Arrow record batches as they come. */
export type RowBatches = Iterable<object> | AsyncIterable<readonly object[] | Columnar | RecordBatch>;
export interface Stager {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly planHash: string;
  readonly task: string;
  readonly version: string;
  readonly codeDigest: string | null;
  readonly inputs: readonly SliceHandle[];
  readonly models?: Manifest['models'];
}
/** Values made into Arrow at once: some ten milliseconds, between which heartbeats go out. */
const CELLS_PER_BATCH = 262_144;
const rowsAtOnce = (types: readonly ColumnType[]): number => Math.min(65_536, Math.max(1024, 2 ** Math.floor(Math.log2(CELLS_PER_BATCH / types.length))));

/** Throws HDL-BAD-KEY, HDL-BAD-ROW-SCHEMA, HDL-BAD-ROW. */
export async function stagePartition(
  store: Store,
  dataset: DatasetDef,
  key: JsonObject,
  rows: RowBatches,
  by: Stager,
  options: { readonly bytesPerFile?: number } = {},
): Promise<{ slice: SliceHandle; staged: Omit<StagedPartition, 'at'> }> {
  const root = store.resolve(dataset.uri);
  const path = partitionPath(dataset, key);
  const staging = newStaging(root, by);
  const types = columnTypes(dataset.schema, dataset.name);
  const figures = dataset.expect && profiler(dataset.expect, types);
  const files = await writeFiles(store, staging, dataset, figures ? watched(columnar(types, rows, dataset.name), figures) : rows, {
    ...fileRules(dataset.files),
    ...options,
  });
  const profile = figures?.profile();
  const manifest: Manifest = {
    format: 1,
    dataset: dataset.name,
    key: partitionKey(dataset, key),
    runId: by.runId,
    step: by.step,
    attempt: by.attempt,
    planHash: by.planHash,
    task: by.task,
    version: by.version,
    codeDigest: by.codeDigest,
    inputs: inputsOf(by.inputs),
    ...(by.models && by.models.length > 0 && { models: by.models }),
    files,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    ...(profile && { profile }),
  };
  const text = JSON.stringify(manifest, null, 1);
  await store.write(childUri(staging, MANIFEST), Buffer.from(text, 'utf8'));
  await store.write(childUri(staging, SUCCESS), new Uint8Array());
  const manifestDigest = `sha256:${sha256Hex(text)}`;
  const { rows: count, bytes } = manifest;
  const pinned: readonly PinnedPartition[] = [{ path, generation: 0, manifest: manifestDigest, rows: count, bytes }];
  return {
    slice: { kind: 'slice', dataset: dataset.name, uri: root, digest: digestOf(pinned as unknown as Json), rows: count, bytes, partitions: pinned },
    staged: {
      dataset: dataset.name,
      uri: root,
      key: manifest.key,
      staging,
      manifestDigest,
      rows: count,
      bytes,
      ...(dataset.expect && { checks: { partitions: dataset.partitions, expect: dataset.expect } }),
    },
  };
}

/** At least one file, so that an empty partition has its columns too. */
async function writeFiles(store: Store, staging: string, dataset: DatasetDef, rows: RowBatches, rules: FileRules): Promise<ManifestFile[]> {
  const types = columnTypes(dataset.schema, dataset.name);
  const batches = recordBatches(types, dataset.name, rows);
  const files: ManifestFile[] = [];
  let waiting = await batches.next();
  try {
    do {
      const name = `part-${String(files.length).padStart(5, '0')}.parquet`;
      let count = 0;
      let bytes = 0;
      const ofThisFile: AsyncIterator<RecordBatch> = {
        async next() {
          if (waiting.done || (count > 0 && bytes >= rules.bytesPerFile)) return { done: true, value: undefined };
          const { value } = waiting;
          count += value.numRows;
          waiting = await batches.next();
          return { done: false, value };
        },
      };
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const part of parquetBytes(types, ofThisFile, rules, childUri(staging, name))) {
          bytes += part.byteLength;
          yield part;
        }
      }
      const written = await store.write(childUri(staging, name), counted());
      files.push({ name, rows: count, ...written });
    } while (!waiting.done);
  } finally {
    await batches.return(undefined);
  }
  return files;
}

async function* recordBatches(types: readonly ColumnType[], dataset: string, rows: RowBatches): AsyncGenerator<RecordBatch, undefined> {
  const schema = arrowSchema(types);
  let first = 0;
  const atOnce = rowsAtOnce(types);
  for await (const batch of columnar(types, rows, dataset)) {
    if (isArrowColumnar(batch)) {
      yield arrowBatchFor(types, schema, batch, dataset, first);
      first += batch.numRows;
      continue;
    }
    checkColumns(types, batch, dataset);
    for (let from = 0; from < batch.numRows; from += atOnce) {
      const to = Math.min(batch.numRows, from + atOnce);
      if (from > 0) await setImmediate();
      yield toRecordBatch(types, schema, from === 0 && to === batch.numRows ? batch : partOf(batch, from, to), dataset, first + from);
    }
    first += batch.numRows;
  }
  if (first === 0) yield toRecordBatch(types, schema, columnsOfRows(types, []), dataset);
  return undefined;
}

async function* watched(batches: AsyncIterable<Columnar>, figures: Profiler): AsyncGenerator<Columnar> {
  for await (const batch of batches) {
    figures.add(batch);
    yield batch;
  }
}

async function* columnar(types: readonly ColumnType[], rows: RowBatches, dataset: string): AsyncGenerator<Columnar> {
  const atOnce = rowsAtOnce(types);
  if (Symbol.iterator in rows) {
    let batch: object[] = [];
    for (const row of rows) {
      if (batch.push(row) < atOnce) continue;
      yield columnsOfRows(types, batch);
      await setImmediate();
      batch = [];
    }
    if (batch.length > 0) yield columnsOfRows(types, batch);
    return;
  }
  for await (const batch of rows) {
    if (isArrow(batch)) yield columnarOf(types, batch, dataset);
    else yield 'numRows' in batch ? batch : columnsOfRows(types, batch);
  }
}
