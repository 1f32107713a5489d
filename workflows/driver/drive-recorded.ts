/** Drives to the end of the run, or to the point where this workflow continues as new, what has ended recorded. Sandbox. */
import { carryOf, type Carry } from './carry.ts';
import type { Driver } from './driver.ts';
import { record, type RecordOptions } from './records.ts';
import type { Seeds } from './seeds.ts';

/** `next` is null when the run is over. */
export async function driveRecorded(
  driver: Driver,
  pages: Omit<RecordOptions, 'final'>,
  before: Carry | null,
  seeds: Seeds,
): Promise<{ readonly next: Carry | null; readonly nextPage: number }> {
  let nextPage = pages.firstPage;
  for (;;) {
    if ((await driver.drive()) === 'over') return { next: null, nextPage };
    nextPage = await record(driver, { ...pages, firstPage: nextPage });
    // While the record was written an answer or a cancel may have come: the core hears it first.
    if (!driver.mayContinue()) continue;
    const next = carryOf(driver, { nextPage, hidden: before?.hidden ?? {}, pruned: before?.pruned ?? false, seeds: seeds.all });
    if (next) return { next, nextPage };
    driver.goOnHere();
  }
}
