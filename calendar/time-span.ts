/**
 * Spans of time as windows name them: '12h', '28d', '4w', '3mo', '2q', '1y', or a number of partitions, '5p'. Hours are real time,
 * the others go by the local calendar.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { partAt, shiftTime, type TimePartition } from './time-grain.ts';
import { zoneClock } from './zone-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MONTHS: Readonly<Record<string, number>> = { mo: 1, q: 3, y: 12 };
/** What a Date can hold, less a day. */
const LAST_DATE_MS = 8.64e15 - DAY_MS;

/**
 * The first partition of the span that ends where `end` begins: the one that holds the span's first instant, so a span that
 * is shorter than a partition still takes one. Not before `earliest`. Throws HDL-BAD-SPAN.
 */
export function spanStart(end: TimePartition, span: string, earliest: number): TimePartition {
  const [, digits, unit] = /^(\d+)(h|d|w|mo|q|y|p)$/.exec(span) ?? [];
  const count = Number(digits);
  if (unit === undefined || !Number.isSafeInteger(count) || count < 1) {
    throw new HeddleError('HDL-BAD-SPAN', { what: `"${span}" is no span of time.`, fix: 'Write it as 12h, 28d, 4w, 3mo, 2q, 1y or, by partitions, 5p.' });
  }
  if (unit === 'p') return partsBack(end, count, earliest);
  const at = back(end, count, unit);
  return partAt(end, at > earliest ? at : earliest);
}

/** Not before `earliest`, which a window of 9,999 partitions reaches soon. */
function partsBack(end: TimePartition, count: number, earliest: number): TimePartition {
  let part = end;
  for (let i = 0; i < count && part.startMs > earliest; i++) part = shiftTime(part, -1);
  return part;
}

function back({ startMs, timezone }: TimePartition, count: number, unit: string): number {
  if (unit === 'h') return startMs - count * HOUR_MS;
  const clock = zoneClock(timezone);
  const wall = clock.wall(startMs);
  const before = unit in MONTHS ? monthsBack(wall, count * (MONTHS[unit] ?? 1)) : wall - count * (unit === 'w' ? 7 : 1) * DAY_MS;
  return Math.abs(before) < LAST_DATE_MS ? clock.reach(before) : -Infinity;
}

/** The 31st of a month that has none is its last day. */
function monthsBack(wall: number, count: number): number {
  const date = new Date(wall);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - count, 1);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - count + 1, 0)).getUTCDate();
  return first + (Math.min(date.getUTCDate(), days) - 1) * DAY_MS + (wall - Math.floor(wall / DAY_MS) * DAY_MS);
}
