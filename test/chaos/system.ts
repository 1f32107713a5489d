/**
 * The whole of Heddle for a test file: Temporal, `heddle server` and `heddle worker` as processes of their own, on free ports,
 * for a project in a temp folder, or for this repository's own pipelines with their state in one. Each can be killed and started again; `stop` ends all by number, after a failure, too.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../scripts/temporal-server.mjs';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { heddleAsync, project, root, type Ended } from '../cli/heddle.ts';
import { startTemporal, type TemporalPart } from '../real-parts/temporal.ts';
import { part, type Part } from './part.ts';
import { until } from './until.ts';

export interface System {
  readonly temporal: TemporalPart;
  readonly server: Part;
  readonly worker: Part;
  /** Temporary. The project, or the state of this repository's own. */
  readonly folder: string;
  readonly url: string;
  /** Folder of store://. */
  readonly store: string;
  readonly env: Readonly<Record<string, string>>;
  heddle(...args: string[]): Promise<Ended>;
  /** A file below the project's folder. */
  write(name: string, text: string): void;
  /** Starts a run through the command line and gives its id. */
  run(pipeline: string, ...args: string[]): Promise<string>;
  /** A call of the API, path below /api/v1. Null while the server does not answer. */
  call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ readonly status: number; readonly body: T } | null>;
  /** Null while the server does not answer. */
  look(runId: string): Promise<RunDetail | null>;
  /** The run when it is over. */
  ended(runId: string, limitMs?: number): Promise<RunDetail>;
  /** Server, worker and Temporal end; their files stay. */
  halt(): Promise<void>;
  stop(): Promise<void>;
}

const PROJECT = 'p';
export const config = `import { defineConfig } from 'heddle';\nexport default defineConfig({ project: '${PROJECT}', pipelines: ['pipelines/*.ts'] });\n`;

export interface SystemOptions {
  /** Files below the project's folder; without them, the project is this repository. */
  readonly files?: Readonly<Record<string, string>>;
  /** For the worker alone. */
  readonly workerEnv?: Record<string, string>;
  /** For server and worker. */
  readonly env?: Record<string, string>;
  /** False: the test starts it. */
  readonly worker?: false;
}

export async function startSystem({ files, workerEnv = {}, env: given = {}, worker: withWorker }: SystemOptions): Promise<System> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const made = project({ 'heddle.config.ts': config, 'package.json': '{ "type": "module" }', ...files });
    const cwd = files ? made.folder : root;
    const state = join(made.folder, '.heddle');
    undo.push(() => {
      made.remove();
    });
    const temporal = await startTemporal();
    undo.push(() => temporal.stop());
    const address = `127.0.0.1:${await freePort()}`;
    const url = `http://${address}`;
    const env = { HEDDLE_TEMPORAL_ADDRESS: temporal.address, HEDDLE_LISTEN: address, ...(!files && { HEDDLE_STATE: state }), ...given };
    const server = part(['server'], { cwd, env });
    const worker = part(['worker'], { cwd, env: { ...env, ...workerEnv } });
    undo.push(
      () => server.stop(),
      () => worker.stop(),
    );
    await Promise.all([server.start(), withWorker !== false && worker.start()]);

    const heddle = (...args: string[]): Promise<Ended> => heddleAsync(args, { cwd, env });
    const call = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ readonly status: number; readonly body: T } | null> => {
      const token = readFileSync(join(state, 'token'), 'utf8').trim();
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(20_000),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }).catch(() => null);
      return answer && { status: answer.status, body: (await answer.json()) as T };
    };
    const look = async (runId: string): Promise<RunDetail | null> => {
      const answer = await call<RunDetail>('GET', `/runs/${runId}`);
      return answer?.status === 200 ? answer.body : null;
    };
    return {
      temporal,
      server,
      worker,
      url,
      env,
      heddle,
      call,
      look,
      stop,
      halt: async () => {
        await Promise.all([worker.stop(), server.stop()]);
        await temporal.kill();
      },
      folder: made.folder,
      store: join(state, 'store', files ? PROJECT : 'default'),
      write(name, text) {
        mkdirSync(dirname(join(made.folder, name)), { recursive: true });
        writeFileSync(join(made.folder, name), text);
      },
      async run(pipeline, ...args) {
        const { code, stdout, stderr } = await heddle('run', pipeline, ...args, '--json');
        if (code !== 0) throw new Error(`heddle run ${pipeline} ended with ${code}:\n${stdout}\n${stderr}`);
        return (JSON.parse(stdout) as { runId: string }).runId;
      },
      ended: (runId, limitMs) =>
        until(
          `the end of run ${runId}`,
          async () => {
            const run = await look(runId);
            return run !== null && run.endedAt !== null && run;
          },
          limitMs,
        ),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** kill -9 of one of the three, and its start. */
export async function killAndStart(system: System, victim: Victim): Promise<void> {
  await system[victim].kill();
  await (victim === 'temporal' ? system.temporal.restart() : system[victim].start());
}
export type Victim = 'worker' | 'server' | 'temporal';

/** Lines of a file that the tasks of a test write; none before there is one. */
export const linesOf = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
