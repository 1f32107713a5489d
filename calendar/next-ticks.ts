/**
 * When a cron expression fires. Where the clock springs forward a time that does not exist counts as the first instant after
 * the gap; where it falls back a time that happens twice counts once. Server, command line; never in the sandbox.
 */
import { Cron } from 'croner';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { checkCron } from './check-cron.ts';

/** The next `count` instants after `after`, ms since the epoch. Throws HDL-CRON. */
export function nextTicks(cron: string, timezone: string, after: number, count: number): number[] {
  const what = checkCron(cron, timezone);
  if (what !== null) throw new HeddleError('HDL-CRON', { what });
  return new Cron(cron, { timezone, paused: true }).nextRuns(count, new Date(after)).map((at) => at.getTime());
}
