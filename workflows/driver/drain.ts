/**
 * When a workflow stops starting things so that it can continue as new, and how long it has patience with the steps that it
 * cannot hand over: after that it goes on, up to twice the bounds or until those steps have ended. Sandbox.
 */
import { patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { Driver } from './driver.ts';
import type { StepLog } from './journal.ts';
import { WorkScope } from './work-scope.ts';

export class Drain {
  private readonly driver: Driver;
  private readonly startBytes = workflowInfo().historySize;
  private timer: WorkScope | null = null;
  /** Steps that it had no more patience with. */
  private blockers: readonly StepLog[] = [];

  constructor(driver: Driver) {
    this.driver = driver;
  }

  isDue(): boolean {
    if (!this.isOver(1)) return false;
    return this.blockers.every((log) => log.scope === null) || this.isOver(2);
  }

  /** Nothing new starts from here on. */
  begin(): void {
    const { driver } = this;
    if (!patched('heddle-drain')) return;
    driver.putBackDelayed();
    if (this.isOver(2) || this.open().length === 0) return;
    const timer = new WorkScope();
    this.timer = timer;
    timer.run(() => {
      void sleep(driver.context.limits.drainMs, { summary: 'patience with running steps' }).then(
        () => {
          this.timer = null;
          this.blockers = this.open();
          driver.goOn();
        },
        () => {},
      );
    });
  }
  end(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private open(): StepLog[] {
    const { journal, children } = this.driver;
    return [...journal.open.values()].filter((log) => log.kind !== 'gate' && log.kind !== 'wait' && !children.canMove(log));
  }

  private isOver(times: number): boolean {
    const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
    const { historyEvents, historyBytes } = this.driver.context.limits;
    if (historyLength >= historyEvents * times) return true;
    // A large plan or carry in the first event must not make each workflow continue at once.
    const grown = this.startBytes + (historyBytes * times) / 2;
    return ((times === 1 && continueAsNewSuggested) || historySize >= historyBytes * times) && historySize >= grown;
  }
}
