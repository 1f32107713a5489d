/** Spans of time as windows name them: '12h', '28d', '4w', '3mo'. Hours are real time, the others go by the local calendar. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { partAt, type TimePartition } from './time-grain.ts';
import { zoneClock } from './zone-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What a Date can hold, less a day. */
const LAST_DATE_MS = 8.64e15 - DAY_MS;

/**
 * The first partition of the span that ends where `end` begins: the one that holds the span's first instant, so a span that
 * is shorter than a partition still takes one. Not before `earliest`. Throws HDL-BAD-SPAN.
 */
export function spanStart(end: TimePartition, span: string, earliest: number): TimePartition {
  const [, digits, unit] = /^(\d+)(h|d|w|mo)$/.exec(span) ?? [];
  const count = Number(digits);
  if (unit === undefined || !Number.isSafeInteger(count) || count < 1) {
    throw new HeddleError('HDL-BAD-SPAN', { what: `"${span}" is no span of time.`, fix: 'Write it as 12h, 28d, 4w or 3mo.' });
  }
  const at = back(end, count, unit);
  return partAt(end, at > earliest ? at : earliest);
}

function back({ startMs, timezone }: TimePartition, count: number, unit: string): number {
  if (unit === 'h') return startMs - count * HOUR_MS;
  const clock = zoneClock(timezone);
  const wall = clock.wall(startMs);
  const before = unit === 'mo' ? monthsBack(wall, count) : wall - count * (unit === 'w' ? 7 : 1) * DAY_MS;
  return Math.abs(before) < LAST_DATE_MS ? clock.reach(before) : -Infinity;
}

/** The 31st of a month that has none is its last day. */
function monthsBack(wall: number, count: number): number {
  const date = new Date(wall);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - count, 1);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - count + 1, 0)).getUTCDate();
  return first + (Math.min(date.getUTCDate(), days) - 1) * DAY_MS + (wall - Math.floor(wall / DAY_MS) * DAY_MS);
}
