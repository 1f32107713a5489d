/**
 * A real MLflow server for a test file: HEDDLE_TEST_MLFLOW_BIN (the program) -> mlflow on PATH -> PyPI, into a virtual environment
 * below the user's cache (850 MB, about a minute). Own SQLite file and artifact folder, a free loopback port, gone afterwards.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/temporal-server.mjs';
import { missingPart, pythonVenv } from './python-venv.ts';

const VERSION = '3.17.2';
const START_MS = 120_000;

export interface MlflowPart {
  readonly url: string;
  /** SIGKILL of the server and its children; its data stays. */
  kill(): Promise<void>;
  /** On the same port, with the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

function findProgram(): string | { readonly missing: string } {
  const given = process.env['HEDDLE_TEST_MLFLOW_BIN'];
  if (given) return given;
  if (spawnSync('mlflow', ['--version'], { stdio: 'ignore', timeout: 60_000 }).status === 0) return 'mlflow';
  const venv = pythonVenv(`mlflow-${VERSION}`, [`mlflow==${VERSION}`]);
  return 'missing' in venv ? venv : join(venv.bin, 'mlflow');
}

/** null when an MLflow can be had, else what is missing and how to get it. May install it, which takes a minute. */
export function mlflowMissing(): string | null {
  const found = findProgram();
  return typeof found === 'string' ? null : missingPart(`no MLflow: ${found.missing}, or set HEDDLE_TEST_MLFLOW_BIN`);
}

export async function startMlflow(): Promise<MlflowPart> {
  const program = findProgram();
  if (typeof program !== 'string') throw new Error(program.missing);
  const folder = mkdtempSync(join(tmpdir(), 'heddle-mlflow-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child = await launch(program, folder, port);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, signal); // its own group: the workers go with it
    await gone;
  };
  return {
    url,
    kill: () => kill('SIGKILL'),
    async restart() {
      child = await launch(program, folder, port);
    },
    async stop() {
      await kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, folder: string, port: number): Promise<ChildProcess> {
  const args = ['server', '--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`, '--artifacts-destination', join(folder, 'artifacts')];
  const child = spawn(program, [...args, '--host', '127.0.0.1', '--port', String(port), '--workers', '1'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', DO_NOT_TRACK: 'true', MLFLOW_DISABLE_TELEMETRY: 'true' },
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-3_000);
    });
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`MLflow ended at its start:\n${tail}`);
    const version = await fetch(`http://127.0.0.1:${port}/version`, { signal: AbortSignal.timeout(2_000) })
      .then((answer) => (answer.ok ? answer.text() : null))
      .catch(() => null);
    if (version !== null) {
      process.stderr.write(`real part: MLflow ${version} on port ${port}\n`);
      return child;
    }
    if (Date.now() > deadline) {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      throw new Error(`MLflow did not answer within ${START_MS / 1000} s:\n${tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
