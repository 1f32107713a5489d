/**
 * A child process of `heddle dev`: `heddle server` or `heddle worker` in a process group of its own (so that a Ctrl+C in the
 * terminal reaches only dev), started again with growing pauses when it dies. When dev itself dies, the channel closes and
 * the child ends by itself.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ChildMessage } from '../processes/tell-parent.ts';
import type { DevLines } from './dev-lines.ts';

export interface ChildOptions {
  readonly name: string;
  /** Arguments of heddle. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly lines: DevLines;
}
export interface DevChild {
  readonly name: string;
  readonly pid: number | undefined;
  /** Of the first start. Rejects when the child refuses to start for a reason that a new try does not mend. */
  readonly ready: Promise<string | null>;
  /** Starts a new one and lets the old one drain; gives when the new one is ready. */
  replace(): Promise<void>;
  /** SIGTERM, then SIGKILL after the grace. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
const HEALTHY_MS = 30_000;
/** How long a replaced worker has the machine to itself for its last steps. */
const DRAIN_MS = 10_000;

export function startChild(options: ChildOptions): DevChild {
  const { name, args, lines } = options;
  let current: ChildProcess | undefined;
  const draining = new Set<ChildProcess>();
  let stopped = false;
  let pause = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | undefined;
  let firstReady: { resolve(address: string | null): void; reject(error: Error): void } | undefined;
  const ready = new Promise<string | null>((resolve, reject) => {
    firstReady = { resolve, reject };
  });
  ready.catch(() => undefined); // looked at by whoever awaits it
  let nextReady: (() => void) | undefined;

  const launch = (): void => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    current = child;
    const since = Date.now();
    let refused: Extract<ChildMessage, { kind: 'refused' }> | undefined;
    child.stdout?.on('data', lines.from(name));
    child.stderr?.on('data', lines.from(name));
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'refused') refused = message;
      else {
        firstReady?.resolve(message.address);
        firstReady = undefined;
        nextReady?.();
      }
    });
    child.on('error', (error) => {
      lines.say(`${name} cannot be started: ${error.message}`);
    });
    child.on('exit', (code, signal) => {
      draining.delete(child);
      if (child !== current) return;
      current = undefined;
      if (stopped) return;
      if (refused && firstReady) {
        const { code, what, where, why, fix } = refused.error;
        firstReady.reject(new HeddleError(code, { what, where: where ?? undefined, why: why ?? undefined, fix }));
        firstReady = undefined;
        return;
      }
      if (Date.now() - since > HEALTHY_MS) pause = FIRST_PAUSE_MS;
      lines.say(`${name} ended (${signal ?? `exit code ${code ?? 0}`}); starting it again in ${pause / 1000} s`);
      timer = setTimeout(launch, pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    });
  };
  launch();

  return {
    name,
    get pid() {
      return current?.pid;
    },
    ready,
    async replace() {
      const old = current;
      const up = new Promise<void>((resolve) => {
        nextReady = resolve;
      });
      if (!old) return up; // it is being started anyway
      draining.add(old);
      current = undefined;
      old.kill('SIGTERM');
      await Promise.race([gone(old), after(DRAIN_MS)]);
      if (draining.has(old)) lines.say(`${name} still finishes its steps; the new one starts beside it`);
      if (!stopped) launch();
      return up;
    },
    async stop(graceMs) {
      stopped = true;
      clearTimeout(timer);
      await Promise.all(
        [...draining, ...(current ? [current] : [])].map(async (child) => {
          child.kill('SIGTERM');
          const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
          await gone(child);
          clearTimeout(late);
        }),
      );
    },
    kill() {
      stopped = true;
      clearTimeout(timer);
      for (const child of [...draining, ...(current ? [current] : [])]) child.kill('SIGKILL');
    },
  };
}

const gone = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else
      child.once('exit', () => {
        resolve();
      });
  });
const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
