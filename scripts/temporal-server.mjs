// Finds or builds a real Temporal server and starts it. Plain JavaScript for any Node >= 18, used by the bootstrap, by
// `heddle dev` and by the tests. Nothing is downloaded but Go modules.
//
// Order: HEDDLE_TEMPORAL_BINARY -> `temporal` on PATH -> the user's cache -> a Go build of temporal-dev/ into the cache.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer, createConnection } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The user's cache for what Heddle builds or fetches once. */
export const cacheFolder = () => join(process.env.HEDDLE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'heddle'));

function builtBinary() {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(root, 'temporal-dev', file)));
  return join(cacheFolder(), 'temporal', hash.digest('hex').slice(0, 16), 'temporal-dev');
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (folder && existsSync(file)) return file;
  }
  return null;
}

/** Path of a server binary, or null when it would have to be built. */
export function findTemporal() {
  const given = process.env.HEDDLE_TEMPORAL_BINARY;
  if (given) {
    if (!existsSync(given)) throw new Error(`HEDDLE_TEMPORAL_BINARY names ${given}, which does not exist`);
    return { path: given, from: 'HEDDLE_TEMPORAL_BINARY' };
  }
  const cli = onPath('temporal');
  if (cli) return { path: cli, from: 'PATH' };
  const built = builtBinary();
  return existsSync(built) ? { path: built, from: 'cache' } : null;
}

/** Finds the binary, building it first where needed (4 to 8 minutes on two cores, once). `say` gets progress lines. */
export async function ensureTemporal(say = () => {}) {
  const found = findTemporal();
  if (found) return found;
  const target = builtBinary();
  const go = onPath('go');
  if (!go) throw new Error('No Temporal server: put `temporal` on PATH, or set HEDDLE_TEMPORAL_BINARY, or install Go >= 1.26.8 so that it can be built');
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(dirname(target), 'build-'));
  const started = Date.now();
  say('building the Temporal server from Go modules (4 to 8 minutes on two cores, once)');
  const timer = setInterval(() => say(`still building the Temporal server (${Math.round((Date.now() - started) / 1000)} s)`), 20_000);
  try {
    await new Promise((resolve, reject) => {
      const child = spawn(go, ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', join(work, 'temporal-dev'), '.'], {
        cwd: join(root, 'temporal-dev'),
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' },
      });
      let tail = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          tail = (tail + chunk).slice(-4000);
        });
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`go build of temporal-dev ended with ${code}:\n${tail}`))));
    });
    renameSync(join(work, 'temporal-dev'), target); // two builds at once: the later one wins, both are equal
  } finally {
    clearInterval(timer);
    rmSync(work, { recursive: true, force: true });
  }
  say(`built the Temporal server in ${Math.round((Date.now() - started) / 1000)} s`);
  return { path: target, from: 'built' };
}

/** A free port on the loopback. Racy by nature: callers that fail to bind ask again. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Search attributes that Heddle's runs carry, all Keyword. */
export const searchAttributes = ['HeddleProject', 'HeddlePartition', 'HeddleStatus', 'HeddlePlan', 'HeddleRunId', 'HeddleBackfill'];

/** Settings without which dependent steps are held to 20 a second (see docs/operating.md). */
export const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'matching.enableFairness': true,
  'worker.schedulerNamespaceStartWorkflowRPS': 500,
};

/**
 * Starts a server on the loopback and waits until it answers.
 * @param {{ dbFile?: string, port?: number, uiPort?: number, ui?: boolean, metricsPort?: number, namespaces?: string[], log?: string, binary?: string, detached?: boolean }} options
 * @returns {Promise<{ address: string, port: number, uiPort: number | null, pid: number, child: import('node:child_process').ChildProcess, stop(): Promise<void>, kill(): void }>}
 */
export async function startTemporal(options = {}) {
  const binary = options.binary ?? (await ensureTemporal((line) => process.stderr.write(`${line}\n`))).path;
  let lastError = '';
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = options.port ?? (await freePort());
    const uiPort = options.ui ? (options.uiPort ?? (await freePort())) : null;
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', options.log ?? 'error'];
    if (uiPort === null) args.push('--headless');
    else args.push('--ui-port', String(uiPort), '--ui-ip', '127.0.0.1');
    if (options.metricsPort) args.push('--metrics-port', String(options.metricsPort));
    if (options.dbFile) {
      mkdirSync(dirname(options.dbFile), { recursive: true });
      args.push('--db-filename', options.dbFile, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal');
    }
    for (const name of options.namespaces ?? []) args.push('--namespace', name);
    for (const name of searchAttributes) args.push('--search-attribute', `${name}=Keyword`);
    for (const [key, value] of Object.entries(dynamicConfig)) args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`);
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: tmpdir(), detached: options.detached ?? false });
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        tail = (tail + chunk).slice(-4000);
      });
    const ended = new Promise((resolve) => {
      child.on('exit', () => resolve(true));
      child.on('error', (error) => {
        tail += String(error);
        resolve(true);
      });
    });
    const up = await answers(port, 30_000, ended);
    if (up) {
      return {
        address: `127.0.0.1:${port}`,
        port,
        uiPort,
        pid: child.pid,
        child,
        kill() {
          child.kill('SIGKILL');
        },
        async stop() {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGTERM');
          const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
          await ended;
          clearTimeout(timer);
        },
      };
    }
    child.kill('SIGKILL');
    lastError = tail;
    if (options.port) break;
  }
  throw new Error(`The Temporal server did not start:\n${lastError}`);
}

async function answers(port, withinMs, ended) {
  const deadline = Date.now() + withinMs;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (Date.now() < deadline && !over) {
    const open = await new Promise((resolve) => {
      const socket = createConnection({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return !over;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
export const version = (binary) => spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
