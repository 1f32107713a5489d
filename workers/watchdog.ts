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
/** Where the thread asks the blocked thread for its step (through the inspector). */
export const CURRENT_STEP = Symbol.for('heddle.currentStep');

export type WatchdogMessage = { readonly kind: 'started' | 'ended'; readonly step: RunningStep };
export interface WatchdogData {
  readonly ticks: SharedArrayBuffer;
  readonly stateFolder: string;
  readonly worker: string;
  readonly tickMs: number;
}

export interface Watchdog {
  stop(): Promise<void>;
}

export function startWatchdog(steps: RunningSteps, options: { readonly stateFolder: string; readonly worker: string }): Watchdog {
  const ticks = new SharedArrayBuffer(8);
  const counter = new BigInt64Array(ticks);
  const beat = (): void => {
    Atomics.store(counter, 0, BigInt(Date.now()));
  };
  beat();
  const timer = setInterval(beat, TICK_MS);
  timer.unref();
  (globalThis as Record<symbol, unknown>)[CURRENT_STEP] = () => JSON.stringify(steps.current() ?? null);
  const data: WatchdogData = { ticks, ...options, tickMs: TICK_MS };
  const thread = new Thread(new URL(`./watchdog-thread${extname(import.meta.url)}`, import.meta.url), { workerData: data });
  thread.unref();
  for (const step of steps) thread.postMessage({ kind: 'started', step } satisfies WatchdogMessage);
  steps.onChange = (change) => {
    const message: WatchdogMessage = 'started' in change ? { kind: 'started', step: change.started } : { kind: 'ended', step: change.ended };
    thread.postMessage(message);
  };
  return {
    async stop() {
      clearInterval(timer);
      steps.onChange = null;
      await thread.terminate();
    },
  };
}
