/**
 * Cancel: gates and waits end at once, activities and children are told, and what has not ended after the grace is left
 * behind and listed. Children that have a grace of their own get the time for it. Sandbox.
 */
import { sleep } from '@temporalio/workflow';
import type { Driver } from './driver.ts';
import type { StepLog } from './journal.ts';
import { WorkScope } from './work-scope.ts';

export function cancelOpen(driver: Driver, scopes: readonly WorkScope[]): void {
  const hasOwnGrace = (log: StepLog): boolean => log.kind === 'pipeline' || log.kind === 'chunk' || driver.children.canMove(log);
  const { journal, waits, context } = driver;
  driver.putBackDelayed();
  const open = [...journal.open.values()];
  for (const log of open)
    if (log.kind === 'gate' || log.kind === 'wait') {
      waits.close(log.step);
      driver.settle(log, { type: 'cancelled', step: log.step });
    }
  for (const scope of scopes) scope.cancel();
  driver.children.cancel();
  const { graceMs, alwaysMs } = context.limits;
  giveUp(
    driver,
    open.filter((log) => !hasOwnGrace(log)),
    graceMs,
  );
  giveUp(driver, open.filter(hasOwnGrace), 2 * graceMs + alwaysMs);
}

/** After the time, whatever of these is open is abandoned. The timer goes when the last of them has ended. */
function giveUp(driver: Driver, logs: readonly StepLog[], afterMs: number): void {
  let left = logs.filter((log) => log.scope).length;
  if (left === 0) return;
  const timer = new WorkScope();
  timer.run(() => {
    void sleep(afterMs, { summary: 'grace of a cancel' }).then(
      () => {
        for (const log of logs) if (log.scope) driver.abandon(log);
      },
      () => {},
    );
  });
  for (const log of logs)
    if (log.scope)
      log.onEnd = () => {
        if (--left === 0) timer.cancel();
      };
}
