/** The processes of both sides of a benchmark: one Temporal server, and a workflow and an activity process a side. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection, Client } from '@temporalio/client';
import { freePort, startTemporal } from '../scripts/temporal-server.mjs';
import { HeddleClient } from './heddle-client.ts';
import { onStopSignals } from './stop-signals.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

export interface Bench {
  readonly client: Client;
  readonly heddle: HeddleClient;
  readonly serverPid: number;
  readonly folder: string;
  stop(): Promise<void>;
}

/** Starts everything; state in a temporary folder that `stop` removes. */
export async function startBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
  const temporal = await startTemporal({ dbFile: join(folder, 'temporal.db') });
  const port = await freePort();
  const env = {
    ...process.env,
    BENCH_TEMPORAL: temporal.address,
    HEDDLE_TEMPORAL_ADDRESS: temporal.address,
    HEDDLE_LISTEN: `127.0.0.1:${port}`,
    HEDDLE_STATE: folder,
    HEDDLE_STORAGE_ROOT: join(folder, 'store'),
    HEDDLE_CATALOG: `sqlite:${join(folder, 'catalog.db')}`,
    HEDDLE_SERVER: `http://127.0.0.1:${port}`,
  };
  const children: ChildProcess[] = [];
  const start = (args: readonly string[], ready: RegExp): Promise<ChildProcess> => {
    const child = spawn(process.execPath, ['--conditions=heddle-source', ...args], { cwd: join(here, 'project'), env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return new Promise((resolve, reject) => {
      let seen = '';
      const look = (chunk: Buffer): void => {
        seen = (seen + chunk.toString()).slice(-8000);
        if (ready.test(seen)) resolve(child);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('exit', (code) => {
        reject(new Error(`${args.join(' ')} ended with ${code}:\n${seen}`));
      });
    });
  };
  const stop = async (): Promise<void> => {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(
      children.map(
        (child) =>
          child.exitCode !== null ||
          child.signalCode !== null ||
          new Promise((resolve) => {
            child.on('exit', resolve);
            setTimeout(() => child.kill('SIGKILL'), 15_000).unref();
          }),
      ),
    );
    await temporal.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const forget = onStopSignals(stop);
  try {
    const main = join(root, 'cli', 'main.ts');
    const [server] = await Promise.all([
      start([main, 'server'], /the server is ready/),
      start([join(here, 'baseline-workflow-worker.ts')], /ready/),
      start([join(here, 'baseline-activity-worker.ts')], /ready/),
    ]);
    await start([main, 'worker', '--pool', 'default'], /the worker is ready/);
    const connection = await Connection.connect({ address: temporal.address });
    const token = readFileSync(join(folder, 'token'), 'utf8').trim();
    const heddle = await HeddleClient.connect(`http://127.0.0.1:${port}`, token, join(here, 'project'));
    return {
      client: new Client({ connection }),
      heddle,
      serverPid: server.pid ?? 0,
      folder,
      stop: async () => {
        await connection.close();
        await stop();
        forget();
      },
    };
  } catch (error) {
    await stop();
    forget();
    throw error;
  }
}
