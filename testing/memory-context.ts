/** The context that a task's own code gets under test: logs are kept, data is in memory. */
import type { ColumnBatch, TaskContext } from '../dsl/authoring/context.ts';
import type { Dataset } from '../dsl/authoring/dataset.ts';
import type { TaskValue } from '../dsl/authoring/values.ts';
import type { Json, JsonObject } from '../dsl/plan/types.ts';
import type { SliceHandle } from '../dsl/contract/step.ts';
import { sha256Hex } from '../storage/digest.ts';
import type { MemoryData, Published } from './memory-data.ts';
import { memoryFiles } from './memory-files.ts';

export interface MemoryContextOptions {
  readonly data: MemoryData;
  readonly task: TaskValue;
  readonly step: string;
  readonly attempt: number;
  readonly runId: string;
  readonly partition: string | null;
  readonly into: JsonObject | null;
  readonly secrets: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  /** Partitions that the task writes are put here; they are published when its step has ended well. */
  readonly written: Published[];
}

export function memoryContext(options: MemoryContextOptions): TaskContext {
  const { data, step, runId } = options;
  const log =
    (level: string) =>
    (text: string): void => {
      options.log(`${level} ${step}: ${text}`);
    };
  const context = {
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    progress: () => {},
    checkpoint: {
      get folder(): string {
        throw new Error('ctx.checkpoint.folder is a real folder, which a pipeline under test has not: use load and save, or a fake');
      },
      load: async () => JSON.parse(data.checkpoints.get(step) ?? 'null') as unknown,
      save: async (value: unknown) => {
        data.checkpoints.set(step, JSON.stringify(value));
      },
    },
    artifact: async (name: string, content: Uint8Array | string | AsyncIterable<Uint8Array>) => {
      const bytes = await bytesOf(content);
      const uri = `memory://artifacts/${step}/${name}`;
      data.files.set(uri, bytes);
      return { uri, digest: `sha256:${sha256Hex(bytes)}`, bytes: bytes.length };
    },
    readArtifact: async (from: { readonly uri: string } | string) => {
      const uri = typeof from === 'string' ? from : from.uri;
      const bytes = data.files.get(uri);
      if (!bytes) throw new Error(`there is no artifact ${uri} in this test`);
      return bytes;
    },
    source: () => {},
    track: { params: () => {}, metric: () => {}, artifact: () => {} },
    items: async (items: Iterable<Json> | AsyncIterable<Json>) => {
      const all: Json[] = [];
      for await (const item of items) all.push(item);
      return data.writeItems(all);
    },
    readItems: async function* (list: { readonly uri: string }) {
      yield* data.readItems(list);
    },
    secret: async (name: string) => {
      const value = options.secrets[name];
      if (value === undefined) throw new Error(`the test gives no secret ${name}: runPipeline(p, { secrets: { ${name}: '...' } })`);
      return value;
    },
    signal: new AbortController().signal,
    attempt: options.attempt,
    runId,
    step,
    partition: options.partition,
    into: options.into,
    idempotencyKey: `${runId}/${step}`,
    read: async function* (_from: unknown, slice: SliceHandle) {
      const rows = data.rowsOf(slice);
      if (rows.length > 0) yield columnsOf(rows);
    },
    readRows: async function* (_from: unknown, slice: SliceHandle) {
      yield* data.rowsOf(slice);
    },
    files: (from: Dataset, slice: SliceHandle) => memoryFiles(from, slice, data.rowsOf(slice)),
    write: async (
      to: { readonly name: string },
      rows: Iterable<object> | AsyncIterable<Iterable<object> | { readonly numRows: number; readonly columns: object }>,
    ) => {
      if (!options.into) throw new Error(`${step} writes ${to.name}, and no partition was given to it: into: partition`);
      const published: Published = { dataset: to.name, key: options.into, rows: await rowsOf(rows) };
      options.written.push(published);
      return data.staged(published);
    },
  };
  return context as unknown as TaskContext; // structurally the same; the handles' phantom types exist for authors only
}

async function bytesOf(content: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (typeof content === 'string') return new TextEncoder().encode(content);
  if (content instanceof Uint8Array) return content;
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

function columnsOf(rows: readonly object[]): ColumnBatch<object> {
  const names = Object.keys(rows[0] as object);
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => (row as Record<string, unknown>)[name])]));
  return { numRows: rows.length, columns: columns as never, rows: () => rows };
}

async function rowsOf(rows: Iterable<object> | AsyncIterable<Iterable<object> | { readonly numRows: number; readonly columns: object }>): Promise<object[]> {
  if (Symbol.iterator in rows) return [...rows];
  const out: object[] = [];
  for await (const batch of rows) {
    if ('numRows' in batch) {
      const columns = Object.entries(batch.columns as Record<string, ArrayLike<unknown>>);
      for (let i = 0; i < batch.numRows; i++) out.push(Object.fromEntries(columns.map(([name, column]) => [name, column[i]])));
    } else out.push(...batch);
  }
  return out;
}
