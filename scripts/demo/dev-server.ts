/** Starts `heddle dev` on a fresh state folder, waits until it serves, samples its memory, stops it. For scripts/demo.ts. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDevState, type DevState } from '../../config/dev-state.ts';
import type { HeddleCommand } from './heddle-command.ts';

const START_MS = 60_000;
const STOP_MS = 30_000;

export interface DevServer {
  readonly state: DevState;
  readonly pid: number;
  /** MiB of all its processes and of this one at the worst moment; null where there is no /proc. */
  peakMiB(): number | null;
  /** Lets go of it: it stays up. */
  leave(): void;
  stop(): Promise<void>;
}

export async function startDevServer(heddle: HeddleCommand, stateFolder: string): Promise<DevServer> {
  const logFile = join(stateFolder, 'dev.log');
  const child = heddle.startDev(logFile);
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`heddle dev ended with ${code}:\n${readFileSync(logFile, 'utf8').slice(-3000)}`)));
    child.once('error', reject);
  });
  gone.catch(() => {}); // after the start its end is what stop() waits for
  const pid = child.pid!;
  try {
    const state = await Promise.race([gone, serving(heddle, stateFolder)]);
    let peak: number | null = null;
    const sample = setInterval(() => {
      const now = memoryMiB(pid);
      if (now !== null) peak = Math.max(peak ?? 0, now + process.memoryUsage().rss / 2 ** 20);
    }, 1000);
    sample.unref();
    return {
      state,
      pid,
      peakMiB: () => peak,
      leave() {
        clearInterval(sample);
        child.unref();
      },
      async stop() {
        clearInterval(sample);
        await stop(child);
      },
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** Until it answers. */
async function serving(heddle: HeddleCommand, stateFolder: string): Promise<DevState> {
  const until = Date.now() + START_MS;
  for (;;) {
    const state = readDevState(stateFolder);
    if (state) {
      try {
        await heddle.json('runs');
        return state;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
    if (Date.now() > until) throw new Error(`heddle dev did not serve within ${START_MS / 1000} s; its log: ${join(stateFolder, 'dev.log')}`);
    await sleep(200);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}

/** Proportional memory of a process and all below it. */
function memoryMiB(root: number): number | null {
  try {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const parent = /^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1];
      if (parent) parents.set(Number(name), Number(parent));
    }
    let kib = 0;
    for (const pid of parents.keys()) {
      let above: number | undefined = pid;
      while (above !== undefined && above !== root) above = parents.get(above);
      if (above === root) kib += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
    }
    return kib / 1024;
  } catch {
    return null; // no /proc
  }
}
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
