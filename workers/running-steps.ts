/**
 * The steps that run in this process, and which of them a piece of code belongs to: an AsyncLocalStorage carries the step
 * through its awaits and timers. For the exit guard, the watchdog and failures that nobody caught. Worker processes only.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface RunningStep {
  readonly runId: string;
  readonly step: string;
  readonly pipeline: string;
  readonly task: string;
  readonly attempt: number;
  /** When Temporal scheduled the activity: the same for all its attempts, another one when the interpreter starts it anew. */
  readonly scheduledAt: number;
  /** Temporal's token of the attempt, base64. */
  readonly token: string;
  readonly heartbeatMs: number;
}
interface Entry {
  readonly step: RunningStep;
  fail(error: Error): void;
}

export class RunningSteps {
  private readonly storage = new AsyncLocalStorage<Entry>();
  private readonly entries = new Set<Entry>();
  /** Told of each start and end: the watchdog's copy. */
  onChange: ((change: { readonly started: RunningStep } | { readonly ended: RunningStep }) => void) | null = null;

  get size(): number {
    return this.entries.size;
  }
  *[Symbol.iterator](): Generator<RunningStep> {
    for (const { step } of this.entries) yield step;
  }
  /** The step whose code runs now; undefined outside of all. */
  current(): RunningStep | undefined {
    return this.storage.getStore()?.step;
  }
  /** Fails the step whose code runs now, whatever its code makes of it. False outside of all. */
  failCurrent(error: Error): boolean {
    const entry = this.storage.getStore();
    if (!entry || !this.entries.has(entry)) return false;
    entry.fail(error);
    return true;
  }

  async run<T>(step: RunningStep, work: () => Promise<T>): Promise<T> {
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => undefined);
    const entry: Entry = { step, fail };
    this.entries.add(entry);
    this.onChange?.({ started: step });
    try {
      return await Promise.race([this.storage.run(entry, work), failed]);
    } finally {
      this.entries.delete(entry);
      this.onChange?.({ ended: step });
    }
  }
}
