/**
 * What a turn has started, as one cancellation scope. It hangs on no other: a scope keeps a closure with the arguments of
 * each activity in it for its own lifetime, so one scope for the whole run would keep every input of the run. Sandbox.
 */
// The only class of the SDK whose scope has no parent; `cancel` of it does not touch the workflow's own root scope.
import { RootCancellationScope } from '@temporalio/workflow/lib/cancellation-scope.js';

export class WorkScope {
  private readonly scope = new RootCancellationScope();
  /** Steps of it that have not ended. */
  open = 0;

  run(start: () => void): void {
    // `start` runs before this returns; its promise only says so, and rejects where `start` throws, which fails the workflow task.
    void this.scope.run(async () => {
      start();
    });
  }
  cancel(): void {
    this.scope.cancel();
  }
}
