/** The `always` block may take 10 minutes: one timer, set when it starts something. Sandbox. */
import { sleep } from '@temporalio/workflow';
import type { Driver } from './driver.ts';
import { WorkScope } from './work-scope.ts';

export class AlwaysLimit {
  private readonly driver: Driver;
  private timer: WorkScope | null = null;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  /** Called after commands were carried out: those of a core whose body is over belong to `always`. */
  watch(): void {
    const { core } = this.driver;
    if (this.timer || core.finished || core.status === 'running' || core.status === 'paused') return;
    const timer = new WorkScope();
    this.timer = timer;
    timer.run(() => {
      void sleep(this.driver.context.limits.alwaysMs, { summary: 'the time of the always block' }).then(
        () => {
          this.driver.endAlways();
        },
        () => {},
      );
    });
  }
  stop(): void {
    this.timer?.cancel();
  }
}
