/** One of `heddle server` and `heddle worker` as a process of its own, which can be killed and started again. */
import type { ChildProcess } from 'node:child_process';
import { startHeddle } from '../cli/heddle.ts';
import { alive, killFamily } from './processes.ts';
import { until } from './until.ts';

export interface Part {
  /** What all its processes wrote so far. */
  readonly output: string;
  /** Comes back when it said that it is ready. */
  start(): Promise<void>;
  /** SIGKILL, to its own child, too. Comes back when nothing of it runs. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that takes too long. */
  stop(): Promise<void>;
}

const READY_MS = 120_000;
const STOP_MS = 20_000;

export function part(args: readonly string[], options: { readonly cwd: string; readonly env: Record<string, string>; readonly bin?: string }): Part {
  let child: ChildProcess | null = null;
  let output = '';
  const kill = async (): Promise<void> => {
    const pid = child?.pid;
    if (pid === undefined) return;
    const family = killFamily(pid);
    await until('its end', () => !family.some(alive), STOP_MS);
    child = null;
  };
  process.once('exit', () => {
    if (child?.pid !== undefined) killFamily(child.pid);
  }); // a test run that was ended
  return {
    get output() {
      return output;
    },
    async start() {
      const started = startHeddle([...args, '--json'], options);
      child = started;
      let said = '';
      started.stdout?.on('data', (piece: Buffer) => {
        said += piece.toString();
        output += piece.toString();
      });
      started.stderr?.on('data', (piece: Buffer) => {
        output += piece.toString();
      });
      try {
        await until(
          `heddle ${args.join(' ')} is ready`,
          () => {
            if (said.includes('"ready":true')) return true;
            return started.exitCode !== null || started.signalCode !== null
              ? Promise.reject(new Error(`it ended with ${started.exitCode ?? started.signalCode}`))
              : false;
          },
          READY_MS,
        );
      } catch (error) {
        await kill();
        throw new Error(`${String(error)}\n${output.slice(-4_000)}`, { cause: error });
      }
    },
    kill,
    async stop() {
      const pid = child?.pid;
      if (pid === undefined || child === null) return;
      const ended = child;
      ended.kill('SIGTERM');
      await until('its end', () => ended.exitCode !== null || ended.signalCode !== null, STOP_MS).catch(kill);
      child = null;
    },
  };
}
