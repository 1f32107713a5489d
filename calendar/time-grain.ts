/**
 * Time partitions: hour, day, week (ISO, from Monday), month, in a time zone. A key is local time ('2001-03-01'), an hour
 * carries its offset ('2001-10-28T01+02:00'), so that the hour that happens twice has two keys; bounds are UTC instants.
 * Partitions follow each other without a gap: a day that the zone skips has none, and where a change of the clock cuts an
 * hour in two (Lord Howe) each part is one. Never in the workflow sandbox (time zone data differ between machines).
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';
import { zoneClock, type ZoneClock } from './zone-clock.ts';

export type Grain = 'hour' | 'day' | 'week' | 'month';
export const isGrain = (kind: DimensionDef['kind']): kind is Grain => kind === 'hour' || kind === 'day' || kind === 'week' || kind === 'month';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FORMATS: Readonly<Record<Grain, { readonly like: string; readonly shape: RegExp }>> = {
  hour: { like: '2001-03-01T05+00:00', shape: /^(\d{4}-\d{2}-\d{2})T(\d{2})(?:Z|([+-])(\d{2}):(\d{2}))$/ },
  day: { like: '2001-03-01', shape: /^\d{4}-\d{2}-\d{2}$/ },
  week: { like: '2001-W09', shape: /^(\d{4})-W(\d{2})$/ },
  month: { like: '2001-03', shape: /^\d{4}-\d{2}$/ },
};

/** One time partition, by its first instant (ms since the epoch). */
export interface TimePartition {
  readonly grain: Grain;
  readonly timezone: string;
  readonly startMs: number;
}

/** Throws HDL-BAD-KEY for a key of another kind, one that does not exist, or one before the dimension's start. */
export function parseTime(name: string, def: DimensionDef, key: string): TimePartition {
  const grain = def.kind as Grain;
  const { like, shape } = FORMATS[grain];
  const bad = (what: string, fix = `Write the ${grain} as ${like}.`): HeddleError => new HeddleError('HDL-BAD-KEY', { what, where: `dimension ${name}`, fix });
  const parts = shape.exec(key);
  if (!parts) throw bad(`"${key}" is no ${grain}.`);
  const first = startOf(def);
  const part = grain === 'hour' ? hourOf(parts, first.timezone) : calendarPart(grain, parts, first.timezone);
  if (!part || formatTime(part) !== (grain === 'hour' ? key.replace(/Z$/, '+00:00') : key)) {
    throw bad(
      `There is no ${grain} "${key}"${grain === 'hour' ? ` in ${first.timezone}` : ''}.`,
      grain === 'hour' ? hourFix(parts, first.timezone) : undefined,
    );
  }
  if (def.start !== undefined && part.startMs < first.startMs) {
    throw bad(`"${key}" is before ${def.start}, where the partitions of ${name} begin.`, `Take ${formatTime(first)} or a later ${grain}.`);
  }
  return part;
}

/** The dimension's first partition: the one that holds its start. Throws HDL-BAD-KEY for a start or a zone that cannot be. */
export function startOf(def: DimensionDef): TimePartition {
  const timezone = def.timezone ?? 'UTC';
  const start = dayOf(def.start ?? '1970-01-01');
  if (start === null)
    throw new HeddleError('HDL-BAD-KEY', {
      what: `The partitions begin on "${def.start ?? ''}", which is no day.`,
      fix: 'Write the start of the dimension as 2001-03-01.',
    });
  return partAt(def.kind as Grain, timezone, zoneClock(timezone).reach(start));
}

/** The partition that holds an instant. */
export function partAt(grain: Grain, timezone: string, at: number): TimePartition {
  const clock = zoneClock(timezone);
  if (grain === 'hour') return { grain, timezone, startMs: hourStart(clock, at) };
  let index = indexOf(grain, clock.wall(at));
  // Where clocks went back over midnight the wall shows the old day again; its partition has ended by then.
  while (clock.reach(wallOf(grain, index + 1)) <= at) index += 1;
  return { grain, timezone, startMs: clock.reach(wallOf(grain, index)) };
}

export function formatTime({ grain, timezone, startMs }: TimePartition): string {
  const clock = zoneClock(timezone);
  const iso = new Date(clock.wall(startMs)).toISOString();
  if (grain === 'hour') return `${iso.slice(0, 13)}${offsetText(clock.offset(startMs))}`;
  if (grain === 'week') return weekText(indexOf('week', clock.wall(startMs)));
  return iso.slice(0, grain === 'day' ? 10 : 7);
}

/** The next partition (1) or the one before (-1). Hours follow in real time, the others in local calendar time. */
export function shiftTime(part: TimePartition, by: 1 | -1): TimePartition {
  return by === 1 ? { ...part, startMs: endOf(part) } : partAt(part.grain, part.timezone, part.startMs - 1);
}

export const boundsOf = (part: TimePartition): { readonly start: string; readonly end: string } => ({ start: utc(part.startMs), end: utc(endOf(part)) });

function endOf({ grain, timezone, startMs }: TimePartition): number {
  const clock = zoneClock(timezone);
  if (grain === 'hour') {
    const end = startMs + HOUR_MS - modulo(clock.wall(startMs), HOUR_MS);
    return clock.offset(end - 1) === clock.offset(startMs) ? end : clock.change(startMs, end);
  }
  let index = indexOf(grain, clock.wall(startMs)) + 1;
  while (clock.reach(wallOf(grain, index)) <= startMs) index += 1; // a day that the zone skipped
  return clock.reach(wallOf(grain, index));
}

function hourStart(clock: ZoneClock, at: number): number {
  const start = at - modulo(clock.wall(at), HOUR_MS);
  return clock.offset(start) === clock.offset(at) ? start : clock.change(start, at);
}

/** By its text; part of an hour may begin later than the text says, so the hour's last instant is tried too. */
function hourOf([, date = '', hour = '', sign, hours, minutes]: RegExpExecArray, timezone: string): TimePartition | null {
  const day = dayOf(date);
  if (day === null || Number(hour) > 23) return null;
  const offset = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  const start = day + Number(hour) * HOUR_MS - offset;
  const clock = zoneClock(timezone);
  const inside = [start, start + HOUR_MS - 1].find((at) => clock.offset(at) === offset);
  return inside === undefined ? null : partAt('hour', timezone, inside);
}

/** Names the key that the hour has in this zone. */
function hourFix([, date = '', hour = '']: RegExpExecArray, timezone: string): string | undefined {
  const day = dayOf(date);
  if (day === null || Number(hour) > 23) return undefined;
  return `Write it with the offset of ${timezone}: ${formatTime(partAt('hour', timezone, zoneClock(timezone).reach(day + Number(hour) * HOUR_MS)))}.`;
}

function calendarPart(grain: 'day' | 'week' | 'month', parts: RegExpExecArray, timezone: string): TimePartition | null {
  const wall = grain === 'week' ? weekWall(Number(parts[1]), Number(parts[2])) : dayOf(grain === 'day' ? parts[0] : `${parts[0]}-01`);
  return wall === null ? null : { grain, timezone, startMs: zoneClock(timezone).reach(wall) };
}

/** Days, weeks (from Monday 1969-12-29) or months since 1970, of a wall time. */
function indexOf(grain: 'day' | 'week' | 'month', wall: number): number {
  const day = Math.floor(wall / DAY_MS);
  if (grain === 'day') return day;
  if (grain === 'week') return Math.floor((day + 3) / 7);
  const date = new Date(wall);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}
function wallOf(grain: 'day' | 'week' | 'month', index: number): number {
  return grain === 'day' ? index * DAY_MS : grain === 'week' ? (index * 7 - 3) * DAY_MS : Date.UTC(1970, index, 1);
}

/** The year of an ISO week is that of its Thursday; week 1 holds January 4th. */
function weekText(index: number): string {
  const monday = wallOf('week', index);
  const year = new Date(monday + 3 * DAY_MS).getUTCFullYear();
  const week = index - indexOf('week', Date.UTC(year, 0, 4)) + 1;
  return `${String(year).padStart(4, '0')}-W${String(week).padStart(2, '0')}`;
}
const weekWall = (year: number, week: number): number => wallOf('week', indexOf('week', Date.UTC(year, 0, 4)) + week - 1);

/** Midnight of '2001-03-01' on the wall; null where there is no such day. */
function dayOf(text: string): number | null {
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? null : at;
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
const modulo = (n: number, by: number): number => ((n % by) + by) % by;
const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
