/**
 * Writes a partition where only its publish will find it: <dataset>/.heddle/staging/<run>/<step>/<attempt>-<random>/ with its files,
 * _manifest.json and _SUCCESS. Workers. An attempt writes nowhere else.
 */
import type { RecordBatch } from 'apache-arrow';
import type { DatasetDef, Json, JsonObject } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle, StagedPartition } from '../../dsl/contract/step.ts';
import { digestOf, sha256Hex } from '../digest.ts';
import { arrowSchema } from '../parquet/column-arrow.ts';
import { columnTypes, type ColumnType } from '../parquet/column-types.ts';
import { checkColumns, columnsOfRows, partOf, toRecordBatch, type Columnar } from '../parquet/to-arrow.ts';
import { parquetBytes } from '../parquet/write-parquet.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { newStaging } from './layout.ts';
import { inputsOf, MANIFEST, SUCCESS, type Manifest, type ManifestFile } from './manifest.ts';
import { partitionKey, partitionPath } from './partition-path.ts';
import { profiler, type Profiler } from './profile.ts';

/** Rows at once, or batches of rows or columns as they come. */
export type RowBatches = Iterable<object> | AsyncIterable<readonly object[] | Columnar>;
export interface Stager {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly planHash: string;
  readonly task: string;
  readonly version: string;
  readonly codeDigest: string | null;
  readonly inputs: readonly SliceHandle[];
}
/** A file is closed with the row group that takes it beyond this. A reader holds one file in memory, and its decoder a copy. */
const BYTES_PER_FILE = 64 * 1024 * 1024;
const ROWS_PER_BATCH = 65_536;

/** Throws HDL-BAD-KEY, HDL-BAD-ROW-SCHEMA, HDL-BAD-ROW. */
export async function stagePartition(
  store: Store,
  dataset: DatasetDef,
  key: JsonObject,
  rows: RowBatches,
  by: Stager,
  { bytesPerFile = BYTES_PER_FILE }: { readonly bytesPerFile?: number } = {},
): Promise<{ slice: SliceHandle; staged: Omit<StagedPartition, 'at'> }> {
  const root = store.resolve(dataset.uri);
  const path = partitionPath(dataset, key);
  const staging = newStaging(root, by);
  const types = columnTypes(dataset.schema, dataset.name);
  const figures = dataset.expect && profiler(dataset.expect, types);
  const files = await writeFiles(store, staging, dataset, figures ? watched(columnar(types, rows), figures) : rows, bytesPerFile);
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
async function writeFiles(store: Store, staging: string, dataset: DatasetDef, rows: RowBatches, bytesPerFile: number): Promise<ManifestFile[]> {
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
          if (waiting.done || (count > 0 && bytes >= bytesPerFile)) return { done: true, value: undefined };
          const { value } = waiting;
          count += value.numRows;
          waiting = await batches.next();
          return { done: false, value };
        },
      };
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const part of parquetBytes(types, ofThisFile)) {
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
  for await (const batch of columnar(types, rows)) {
    checkColumns(types, batch, dataset);
    for (let from = 0; from < batch.numRows; from += ROWS_PER_BATCH) {
      const to = Math.min(batch.numRows, from + ROWS_PER_BATCH);
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

async function* columnar(types: readonly ColumnType[], rows: RowBatches): AsyncGenerator<Columnar> {
  if (Symbol.iterator in rows) {
    let batch: object[] = [];
    for (const row of rows) {
      if (batch.push(row) < ROWS_PER_BATCH) continue;
      yield columnsOfRows(types, batch);
      batch = [];
    }
    if (batch.length > 0) yield columnsOfRows(types, batch);
    return;
  }
  for await (const batch of rows) yield 'numRows' in batch ? batch : columnsOfRows(types, batch);
}
