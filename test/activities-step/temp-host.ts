/** A StepHost over a temporary folder, for tests of the step wrapper without a worker. */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openAttemptLog } from '../../activities/step/attempt-log.ts';
import { Redactor } from '../../activities/step/redactor.ts';
import type { StepData, StepFiles, StepHost } from '../../activities/step/step-host.ts';
import { taskOf, type TaskValue } from '../../dsl/authoring/values.ts';
import type { StepEvent } from '../../dsl/contract/api.ts';
import { isStored, type SliceHandle, type StepCall } from '../../dsl/contract/step.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import { stepFolder } from '../../storage/step-folder.ts';

export interface TempHost extends StepHost {
  readonly folder: string;
  readonly events: StepEvent[];
  readonly beats: (Json | undefined)[];
  readonly cancel: AbortController;
  logText(call: StepCall): Promise<string>;
  /** The same store, a later attempt. */
  next(overrides?: Partial<StepHost>): TempHost;
  remove(): void;
}

export function tempHost(tasks: readonly unknown[], overrides: Partial<StepHost> = {}, folder = mkdtempSync(join(tmpdir(), 'heddle-step-'))): TempHost {
  const values = tasks.map((task) => taskOf(task) as TaskValue);
  const events: StepEvent[] = [];
  const beats: (Json | undefined)[] = [];
  const cancel = new AbortController();
  const redactor = overrides.redactor ?? new Redactor();
  const files = tempFiles(join(folder, 'store'));
  const secrets: Record<string, string> = { token: 'hunter2-"quoted"-secret' };
  const attempt = overrides.attempt ?? 1;
  const logFile = (call: StepCall): string => join(folder, 'logs', call.runId, stepFolder(call.step), `${attempt}.jsonl`);
  return {
    worker: 'test-worker',
    attempt,
    files,
    data: tempData(files),
    lastCursor: null,
    signal: cancel.signal,
    redactor,
    task: (name, version) => values.find((value) => value.name === name && value.version === version),
    codeDigest: async () => null,
    knownDigest: () => null,
    heartbeat: (cursor) => {
      beats.push(cursor);
    },
    openLog: (call) =>
      openAttemptLog({
        file: logFile(call),
        step: call.step,
        attempt,
        redactor,
        push: (line) => {
          events.push({ kind: 'log', runId: call.runId, line });
        },
      }),
    secret: async (name) => {
      const value = secrets[name];
      if (value !== undefined) redactor.add(name, value);
      return value;
    },
    commandEnv: {},
    projectFolder: folder,
    scratchFolder: join(folder, 'scratch'),
    now: Date.now,
    push: (event) => {
      events.push(event);
    },
    ...overrides,
    folder,
    events,
    beats,
    cancel,
    logText: (call) => readFile(logFile(call), 'utf8'),
    next: (more) => tempHost(tasks, { ...overrides, attempt: attempt + 1, ...more }, folder),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const stepCall = (task: unknown, input: Json, more: Partial<StepCall> = {}): StepCall => {
  const { name, version } = taskOf(task) as TaskValue;
  return {
    project: 'p',
    runId: 'run1',
    pipeline: 'test.pipeline',
    planHash: 'h',
    step: name,
    task: name,
    version,
    input,
    attempts: 3,
    timeoutMs: 60_000,
    heartbeatMs: 10_000,
    ...more,
  };
};

export function tempFiles(root: string): StepFiles {
  const resolve = (uri: string): string => (uri.startsWith('store://') ? pathToFileURL(join(root, uri.slice('store://'.length))).href : uri);
  const path = (uri: string): string => fileURLToPath(resolve(uri));
  return {
    resolve,
    read: (uri) => readFile(path(uri)),
    async write(uri, content) {
      const parts: Uint8Array[] = [];
      if (content instanceof Uint8Array) parts.push(content);
      else for await (const part of content) parts.push(part);
      const bytes = Buffer.concat(parts);
      await mkdir(dirname(path(uri)), { recursive: true });
      await writeFile(path(uri), bytes);
      return { bytes: bytes.length, digest: createHash('sha256').update(bytes).digest('hex') };
    },
    stat: (uri) =>
      stat(path(uri)).then(
        ({ size }) => ({ bytes: size }),
        () => null,
      ),
    list: async (uri) => (await readdir(path(uri)).catch(() => [] as string[])).map((name) => ({ uri: `${uri}/${name}` })),
    remove: (uri) => rm(path(uri), { recursive: true, force: true }),
  };
}

export function tempData(files: StepFiles): StepData {
  const lists = new Map<string, Json[]>();
  const slices = new Map<string, object[]>();
  const load = async (value: Json): Promise<Json> => {
    if (isStored(value)) return JSON.parse(Buffer.from(await files.read(value.$stored.uri)).toString()) as Json;
    if (Array.isArray(value)) return Promise.all(value.map((item) => load(item as Json)));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await load(item as Json)] as const)));
  };
  return {
    loadInputs: load,
    async storeValue(value, keep, call) {
      const uri = `store://values/${call.step}.json`;
      const { bytes, digest } = await files.write(uri, Buffer.from(JSON.stringify(value)));
      const kept = Object.fromEntries(keep.map((path) => [path.join('.'), path.reduce<Json>((at, part) => (at as JsonObject)[part] ?? null, value)]));
      return { $stored: { uri, digest, bytes }, kept };
    },
    async writeItems(items, folder) {
      const all: Json[] = [];
      for await (const item of items) all.push(item);
      lists.set(folder, all);
      return { kind: 'items', uri: folder, count: all.length, pageSize: 500, digest: folder };
    },
    hasItems: async (list) => lists.has(list.uri),
    inPlace: async (slice) => (slices.has(slice.uri) ? slice : { gone: `${slice.dataset} is not there any more` }),
    async *readItems(list) {
      yield* lists.get(list.uri) ?? [];
    },
    async *readSlice(_dataset, slice) {
      const rows = (slices.get(slice.uri) ?? []) as Record<string, unknown>[];
      yield { numRows: rows.length, columns: {}, rows: () => rows };
    },
    sliceFiles: async () => [],
    async stage(dataset, key, rows, { call, attempt }) {
      const all: object[] = [];
      for await (const batch of rows) all.push(batch);
      const uri = `memory://${dataset.name}`;
      slices.set(uri, all);
      const slice: SliceHandle = { kind: 'slice', dataset: dataset.name, uri, digest: 'd', rows: all.length, bytes: 1, partitions: [] };
      return {
        slice,
        staged: { dataset: dataset.name, uri, key, staging: `staging/${call.runId}/${attempt}`, manifestDigest: 'm', rows: all.length, bytes: 1 },
      };
    },
  };
}
