/**
 * Watches the event loop from a thread of its own. A loop that is blocked for longer than the shortest heartbeat timeout of
 * what runs is beyond help: the thread finds out whose code it is, writes that down, and ends the process with STALLED_EXIT;
 * the supervisor starts another. Worker processes only.
 */
import { extname } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import type { RunningStep, RunningSteps } from './running-steps.ts';

/** Exit code of a process that its watchdog ended. */
export const STALLED_EXIT = 87;
const TICK_MS = 200;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
/** Where the thread asks the blocked thread for its step (through the inspector). */
export const CURRENT_STEP = Symbol.for('heddle.currentStep');

/** What the blocked thread says of itself, as JSON, when the watchdog asks it. */
export interface RunningAnswer {
  readonly current: RunningStep | null;
  readonly running: readonly RunningStep[];
}
/** Cells of the shared memory: time of the last beat, ms; steps that run; the shortest heartbeat timeout among them, ms. */
export const BEAT = 0;
export const COUNT = 1;
export const LIMIT = 2;
export interface WatchdogData {
  readonly shared: SharedArrayBuffer;
  readonly stateFolder: string;
  readonly worker: string;
  readonly tickMs: number;
}

export interface Watchdog {
  stop(): Promise<void>;
}

/**
 * A step costs two stores into shared memory: a message to the thread costs a quarter of a millisecond. The list of steps
 * follows with the beat, for a loop in native code that answers no question; else the thread asks for it when it must know.
 */
export function startWatchdog(steps: RunningSteps, options: { readonly stateFolder: string; readonly worker: string }): Watchdog {
  const shared = new SharedArrayBuffer(24);
  const cells = new BigInt64Array(shared);
  const data: WatchdogData = { shared, ...options, tickMs: TICK_MS };
  const thread = new Thread(new URL(`./watchdog-thread${extname(import.meta.url)}`, import.meta.url), { workerData: data });
  thread.unref();
  let changed = true;
  const beat = (): void => {
    Atomics.store(cells, BEAT, BigInt(Date.now()));
    if (!changed) return;
    changed = false;
    const running = [...steps];
    Atomics.store(cells, LIMIT, BigInt(Math.min(...running.map(({ heartbeatMs }) => heartbeatMs), NO_LIMIT)));
    thread.postMessage(running);
  };
  Atomics.store(cells, COUNT, BigInt(steps.size));
  beat();
  const timer = setInterval(beat, TICK_MS);
  timer.unref();
  (globalThis as Record<symbol, unknown>)[CURRENT_STEP] = () =>
    JSON.stringify({ current: steps.current() ?? null, running: [...steps] } satisfies RunningAnswer);
  steps.onChange = (change) => {
    changed = true;
    Atomics.store(cells, COUNT, BigInt(steps.size));
    if ('started' in change && BigInt(change.started.heartbeatMs) < Atomics.load(cells, LIMIT)) Atomics.store(cells, LIMIT, BigInt(change.started.heartbeatMs));
  };
  return {
    async stop() {
      clearInterval(timer);
      steps.onChange = null;
      await thread.terminate();
    },
  };
}
