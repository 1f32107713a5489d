/** Tests of workers: one Temporal server and one workflow worker a file, projects in temporary folders, workers as they are needed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { resolveConfig } from '../../config/load-config.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { expect } from 'vitest';
import { queueOf, type Lane, type StepCall, type StepFailure, type StepResult } from '../../dsl/contract/step.ts';
import type { PoolConfig } from '../../dsl/config.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { startWorker, type RunningWorker, type WorkerOptions } from '../../workers/worker.ts';
import { startTemporal, type TemporalPart } from '../real-parts/temporal.ts';
import type { CallOrder, CallOutcome, runCalls } from './calls-workflow.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const WORKFLOW_QUEUE = 'test-workflows';

export interface WorkerKit {
  readonly temporal: TemporalPart;
  readonly client: Client;
  /** A project with one file of tasks; `body` may use task, command, dataset, z and what it imports itself. */
  project(name: string, body: string, pools?: Readonly<Record<string, PoolConfig>>): TestProject;
  start(orders: readonly CallOrder[]): Promise<WorkflowHandle<typeof runCalls>>;
  run(orders: readonly CallOrder[]): Promise<CallOutcome[]>;
  stop(): Promise<void>;
}
export interface TestProject {
  readonly config: ResolvedConfig;
  readonly folder: string;
  write(body: string): void;
  worker(options?: Partial<WorkerOptions>): Promise<RunningWorker>;
  order(
    task: string,
    input: Json,
    more?: Partial<Omit<StepCall, 'lane'>> & { readonly pool?: string; readonly class?: string; readonly lane?: Lane; readonly backoffMs?: number },
  ): CallOrder;
}

export async function startWorkerKit(): Promise<WorkerKit> {
  const undo: (() => Promise<unknown> | void)[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'heddle-worker-'));
  undo.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const temporal = await startTemporal();
  undo.push(() => temporal.stop());
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  } catch {
    /* made before in this process */
  }
  const native = await NativeConnection.connect({ address: temporal.address });
  undo.push(() => native.close());
  const connection = await Connection.connect({ address: temporal.address });
  undo.push(() => connection.close());
  const client = new Client({ connection });
  const workflows = await Worker.create({
    connection: native,
    taskQueue: WORKFLOW_QUEUE,
    workflowsPath: fileURLToPath(new URL('./calls-workflow.ts', import.meta.url)),
  });
  const ran = workflows.run();
  undo.push(async () => {
    workflows.shutdown();
    await ran;
  });
  const workers = new Set<RunningWorker>();
  undo.push(() => Promise.all([...workers].map((worker) => worker.stop())));
  let count = 0;

  const start: WorkerKit['start'] = (orders) =>
    client.workflow.start<typeof runCalls>('runCalls', { taskQueue: WORKFLOW_QUEUE, workflowId: `calls-${++count}`, args: [orders] });
  return {
    temporal,
    client,
    start,
    run: async (orders) => (await start(orders)).result(),
    project(name, body, pools) {
      const at = join(folder, name);
      mkdirSync(join(at, 'pipelines'), { recursive: true });
      writeFileSync(join(at, 'package.json'), '{ "type": "module" }');
      const write = (text: string): void => {
        writeFileSync(
          join(at, 'pipelines', 'tasks.ts'),
          `import { task, command, dataset, daily, z } from ${JSON.stringify(pathToFileURL(join(root, 'dsl', 'index.ts')).href)};\n${text}\nvoid [task, command, dataset, daily, z];\n`,
        );
      };
      write(body);
      const config: ResolvedConfig = {
        ...resolveConfig(undefined, {
          folder: at,
          file: null,
          env: { HEDDLE_TEMPORAL_ADDRESS: temporal.address, HEDDLE_PROJECT: name, HEDDLE_SERVER: 'http://127.0.0.1:9' },
        }),
        ...(pools && { pools }),
      };
      return {
        config,
        folder: at,
        write,
        async worker(options = {}) {
          const worker = await startWorker({ config, pool: 'default', drainMs: 500, log: () => undefined, ...options });
          workers.add(worker);
          return {
            ...worker,
            stop: async () => {
              workers.delete(worker);
              await worker.stop();
            },
          };
        },
        order: (use, input, { pool = 'default', class: klass = 'small', lane, backoffMs, ...more } = {}) => {
          const [taskName = '', version = '1'] = use.split('@');
          return {
            queue: queueOf(name, pool, klass, lane),
            ...(backoffMs !== undefined && { backoffMs }),
            call: {
              project: name,
              runId: `run-${name}`,
              pipeline: 'test.pipeline',
              planHash: 'h',
              step: taskName,
              task: taskName,
              version,
              input,
              attempts: 3,
              timeoutMs: 30_000,
              heartbeatMs: 10_000,
              ...more,
            },
          };
        },
      };
    },
    async stop() {
      for (const step of undo.splice(0).toReversed()) await step();
    },
  };
}

/** Waits until `probe` gives something, at most `limitMs`. */
export async function until<T>(what: string, probe: () => Promise<T | null | undefined | false> | T | null | undefined | false, limitMs = 20_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

/** The result of a step that must have ended well. */
export function resultOf(outcome: CallOutcome | undefined): StepResult {
  expect(outcome?.failure).toBeUndefined();
  return outcome?.result as StepResult;
}
/** The failure of a step that must have failed. */
export function failureOf(outcome: CallOutcome | undefined): StepFailure {
  expect(outcome?.ok).toBe(false);
  return outcome?.failure?.details as StepFailure;
}
