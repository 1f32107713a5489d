/** Temporal's own page of the workflow shows this: counts, and the first 100 steps that are active or failed. Sandbox. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { LiveState } from '../../dsl/contract/run.ts';
import type { Driver } from './driver.ts';
import { countsOf } from './live-state.ts';

const ROWS = 100;
/** Above this many active steps the list is made at most once a second: nobody reads it faster. */
const FEW = 5;

export class Details {
  private shownAt = 0;
  private failures: string[] = [];
  private failed = -1;
  private readonly hidden: LiveState['counts'];

  constructor(hidden: LiveState['counts']) {
    this.hidden = hidden;
  }

  show(driver: Driver): void {
    const { open } = driver.journal;
    const now = Date.now();
    if (open.size > FEW && now - this.shownAt < 1000 && !driver.core.finished) return;
    this.shownAt = now;
    const counts = countsOf(driver, this.hidden);
    const lines = [
      `**${driver.status}** · ${Object.entries(counts)
        .map(([status, count]) => `${count} ${status}`)
        .join(' · ')}`,
    ];
    for (const line of this.failedSteps(driver, counts.failed ?? 0)) lines.push(line);
    for (const log of open.values()) {
      if (lines.length > ROWS) break;
      lines.push(
        `- \`${log.step}\` ${log.overlay ?? (log.waitingFor === null ? 'queued or running' : `waiting for ${log.waitingFor}`)} since ${new Date(log.queuedAt).toISOString()}`,
      );
    }
    setCurrentDetails(lines.join('\n\n'));
  }

  private failedSteps(driver: Driver, count: number): readonly string[] {
    if (count === this.failed) return this.failures;
    this.failed = count;
    this.failures = [];
    if (count > 0)
      for (const { step, status, failure } of driver.core.steps()) {
        if (status !== 'failed') continue;
        this.failures.push(`- \`${step}\` failed: ${(failure?.message ?? '').split('\n', 1)[0]?.slice(0, 200)}`);
        if (this.failures.length >= ROWS / 2) break;
      }
    return this.failures;
  }
}
