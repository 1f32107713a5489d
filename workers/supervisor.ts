/**
 * Keeps one worker process of a pool running: starts it, starts it again when it ended without being asked to (its watchdog
 * ended it, it crashed, it was killed), passes SIGTERM on. Used by `heddle worker` and `heddle dev`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeddleError, type ErrorJson } from '../dsl/errors/heddle-error.ts';
import { childArguments } from './child-arguments.ts';
import { STALLED_EXIT } from './watchdog.ts';

export interface SupervisorOptions {
  readonly pool: string;
  /** Absolute path of heddle.config.ts; left out: found from `cwd`. */
  readonly configFile?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly drainMs?: number;
  /** One line a start, end and restart. */
  readonly log?: (text: string) => void;
  /** Where the worker's stderr goes. Default: this process's. */
  readonly onOutput?: (text: string) => void;
  /** Where the worker's stdout goes, which is what tasks print. Default: this process's. */
  readonly onPrint?: (text: string) => void;
}
export interface Supervisor {
  /** Of the process that runs now. */
  readonly pid: number | null;
  readonly restarts: number;
  /** The first process is ready. Rejects when it ended before that: with its coded error, else with WorkerEnded. */
  readonly ready: Promise<void>;
  /** Exit code of the last process, when no other follows. */
  readonly ended: Promise<number>;
  /** Drains and ends; a second call kills. */
  stop(): Promise<number>;
}

const ENTRY = fileURLToPath(new URL(`./worker-process${extname(import.meta.url)}`, import.meta.url));
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 30_000;
/** A process that ran this long was no failed start. */
const SETTLED_MS = 60_000;

export class WorkerEnded extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, output: string) {
    super(output.trim() || `the worker ended with exit code ${exitCode}`);
    this.name = 'WorkerEnded';
    this.exitCode = exitCode;
  }
}

export function superviseWorker(options: SupervisorOptions): Supervisor {
  const log = options.log ?? (() => undefined);
  let child: ChildProcess | null = null;
  let stopping = false;
  let restarts = 0;
  let waitMs = FIRST_WAIT_MS;
  let timer: NodeJS.Timeout | undefined;
  let becomeReady: () => void = () => undefined;
  let neverReady: (error: Error) => void = () => undefined;
  let wasReady = false;
  let end: (code: number) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve;
    neverReady = reject;
  });
  ready.catch(() => undefined);
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });

  const print = (text: string): void => {
    if (text === '') return;
    if (options.onPrint) options.onPrint(text);
    else process.stdout.write(text);
  };
  const start = (): void => {
    const startedAt = Date.now();
    const args = [
      '--pool',
      options.pool,
      ...(options.configFile === undefined ? [] : ['--config', options.configFile]),
      ...(options.drainMs === undefined ? [] : ['--drain-ms', String(options.drainMs)]),
    ];
    const started = spawn(process.execPath, [...childArguments(), ENTRY, ...args], {
      cwd: options.cwd ?? process.cwd(),
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const head = createHead();
    let tail = '';
    let refused: ErrorJson | null = null;
    // by characters, not bytes: a letter may come in two pieces
    started.stdout.setEncoding('utf8').on('data', (text: string) => {
      print(head.isReady ? text : head.take(text));
      refused = head.refused ?? refused;
      if (!head.isReady) return;
      wasReady = true;
      becomeReady();
    });
    started.stdout.on('end', () => {
      print(head.rest());
    });
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-8_000);
      if (options.onOutput) options.onOutput(text);
      else process.stderr.write(text);
    });
    started.on('close', (code, signal) => {
      child = null;
      const exitCode = code ?? 1;
      if (!wasReady) neverReady(refused ? errorOfJson(refused) : new WorkerEnded(exitCode, tail));
      if (stopping || !wasReady || code === 0) return end(exitCode);
      if (Date.now() - startedAt > SETTLED_MS) waitMs = FIRST_WAIT_MS;
      restarts++;
      log(`the worker ended (${code === STALLED_EXIT ? 'a task blocked it' : (signal ?? `exit code ${code}`)}); it starts again in ${waitMs / 1000} s`);
      timer = setTimeout(start, waitMs);
      waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
    });
  };
  start();
  return {
    get pid() {
      return child?.pid ?? null;
    },
    get restarts() {
      return restarts;
    },
    ready,
    ended,
    stop() {
      clearTimeout(timer);
      if (!child) end(0);
      else child.kill(stopping ? 'SIGKILL' : 'SIGTERM');
      stopping = true;
      return ended;
    },
  };
}

const errorOfJson = ({ code, what, where, why, fix }: ErrorJson): HeddleError =>
  new HeddleError(code, { what, where: where ?? undefined, why: why ?? undefined, fix });

interface Head {
  readonly isReady: boolean;
  /** Why the worker cannot start, once it has said so. */
  readonly refused: ErrorJson | null;
  /** Gives what is not the worker's own line. */
  take(text: string): string;
  /** A line that never ended. */
  rest(): string;
}

/** Finds the worker's own line among what modules print while they are loaded. */
function createHead(): Head {
  let isReady = false;
  let line = '';
  let refused: ErrorJson | null = null;
  return {
    get isReady() {
      return isReady;
    },
    get refused() {
      return refused;
    },
    take(text) {
      const lines = (line + text).split('\n');
      line = lines.pop() ?? '';
      const no = lines.findIndex((each) => each.startsWith('{"refused":{'));
      if (no >= 0) ({ refused } = JSON.parse(lines.splice(no, 1)[0] ?? '') as { refused: ErrorJson }); // written by worker-process.ts
      const own = lines.findIndex((each) => each.startsWith('{"ready":true,'));
      if (own < 0) return lines.map((each) => `${each}\n`).join('');
      isReady = true;
      lines.splice(own, 1);
      const rest = line;
      line = '';
      return lines.map((each) => `${each}\n`).join('') + rest;
    },
    rest: () => line,
  };
}
