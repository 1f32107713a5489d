/**
 * Writes a partition where only its publish will find it: <dataset>/.heddle/staging/<run>/<step>/<attempt>/ with its files,
 * manifest.json and _SUCCESS. Workers. An attempt writes nowhere else.
 */
import type { RecordBatch } from 'apache-arrow';
import type { DatasetDef, JsonObject } from '../../dsl/plan/types.ts';
import type { SliceHandle, StagedPartition } from '../../dsl/contract/step.ts';
import { digestOf, sha256Hex } from '../digest.ts';
import { arrowSchema, columnTypes } from '../parquet/column-types.ts';
import { writeParquetBytes } from '../parquet/parquet-file.ts';
import { columnsOfRows, toRecordBatch, type Columnar } from '../parquet/to-arrow.ts';
import type { Store } from '../store.ts';
import { inputsOf, MANIFEST, SUCCESS, type Manifest } from './manifest.ts';
import { partitionPath } from './partition-path.ts';

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
/** Rows of one part file at most: a day of flights is one file, a large one several. */
const ROWS_PER_FILE = 1_000_000;
const ROWS_PER_BATCH = 65_536;

export async function stagePartition(
  store: Store,
  dataset: DatasetDef,
  key: JsonObject,
  rows: RowBatches,
  by: Stager,
): Promise<{ slice: SliceHandle; staged: Omit<StagedPartition, 'at'> }> {
  const root = store.resolve(dataset.uri);
  const path = partitionPath(dataset, key);
  const staging = `${root}/.heddle/staging/${by.runId}/${encodeURIComponent(by.step)}/${by.attempt}/${encodeURIComponent(path)}`;
  await store.remove(staging, { recursive: true });
  const types = columnTypes(dataset.schema, dataset.name);
  const schema = arrowSchema(types);
  const files: { name: string; rows: number; bytes: number; digest: string }[] = [];
  let open: RecordBatch[] = [];
  let openRows = 0;
  const flush = async (): Promise<void> => {
    const name = `part-${String(files.length).padStart(5, '0')}.parquet`;
    const written = await store.write(`${staging}/${name}`, writeParquetBytes(types, open));
    files.push({ name, rows: openRows, ...written });
    open = [];
    openRows = 0;
  };
  for await (const batch of columnar(types, rows)) {
    open.push(toRecordBatch(types, schema, batch, dataset.name));
    openRows += batch.numRows;
    if (openRows >= ROWS_PER_FILE) await flush();
  }
  if (files.length === 0 && open.length === 0) open.push(toRecordBatch(types, schema, columnsOfRows(types, []), dataset.name));
  if (open.length > 0) await flush();
  const manifest: Manifest = {
    format: 1,
    dataset: dataset.name,
    key,
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
  };
  const text = JSON.stringify(manifest, null, 1);
  await store.write(`${staging}/${MANIFEST}`, Buffer.from(text, 'utf8'));
  await store.write(`${staging}/${SUCCESS}`, new Uint8Array());
  const manifestDigest = `sha256:${sha256Hex(text)}`;
  const pinned = [{ path, generation: 0, manifest: manifestDigest, rows: manifest.rows, bytes: manifest.bytes }];
  return {
    slice: { kind: 'slice', dataset: dataset.name, uri: root, digest: digestOf(pinned), rows: manifest.rows, bytes: manifest.bytes, partitions: pinned },
    staged: { dataset: dataset.name, uri: root, key, staging, manifestDigest, rows: manifest.rows, bytes: manifest.bytes },
  };
}

async function* columnar(types: ReturnType<typeof columnTypes>, rows: RowBatches): AsyncGenerator<Columnar> {
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
