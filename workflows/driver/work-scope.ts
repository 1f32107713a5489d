/**
 * A cancellation scope for what the interpreter starts. It hangs on no other: a scope keeps a closure with the arguments of
 * each activity in it for its own lifetime, so one scope for the whole run would keep every input of the run. Sandbox.
 */
// The only class of the SDK whose scope has no parent; `cancel` of it does not touch the workflow's own root scope.
import { RootCancellationScope } from '@temporalio/workflow/lib/cancellation-scope.js';

/** Starts of one scope: then the next one takes over, and this one goes when the last of its steps has ended. */
const STARTS = 64;
/** It takes over earlier when at most one in so many is still open: a run that waits for one step keeps little of the others. */
const STARTS_FOR_ONE = 8;

export class WorkScope {
  private readonly scope = new PlainScope();
  private started = 0;
  private cancelled = false;
  /** Steps of it that have not ended. */
  private left = 0;

  get isFull(): boolean {
    return this.cancelled || this.started >= Math.min(STARTS, STARTS_FOR_ONE * (this.left + 1));
  }
  get open(): number {
    return this.left;
  }
  begin(): void {
    this.started++;
    this.left++;
  }
  end(): void {
    this.left--;
  }
  /** Runs `start` at once, inside of the scope. */
  run(start: () => void): void {
    void this.scope.run(() => {
      start();
      return NOTHING;
    });
  }
  cancel(): void {
    this.cancelled = true;
    this.scope.cancel();
  }
}

const NOTHING = Promise.resolve();

/** Without the promises that the SDK's own makes for each `run`: the sandbox takes a stack trace of every promise. */
class PlainScope extends RootCancellationScope {
  protected override runInContext<T>(fn: () => Promise<T>): Promise<T> {
    return fn();
  }
}
