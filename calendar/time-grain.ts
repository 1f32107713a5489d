/**
 * Time partitions: hour, day, week (ISO, from Monday), month, quarter, year, or from one fire of a cron expression to the next, in
 * a time zone. A key is local time ('2001-03-01'), an hour carries its offset ('2001-10-28T01+02:00'), so that the hour that
 * happens twice has two keys; bounds are UTC instants. Partitions follow each other without a gap: a day that the zone skips has
 * none, and where a change of the clock cuts an hour in two (Lord Howe) each part is one. Never in the workflow sandbox (time
 * zone data differ between machines).
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';
import { dayOf, dayText, indexOf, textOf, two, wallOf, wallOfText, type CalendarGrain } from './calendar-index.ts';
import { cronFires } from './cron-fires.ts';
import { zoneClock, type ZoneClock } from './zone-clock.ts';

export type Grain = 'hour' | CalendarGrain | 'cron';
export const isGrain = (kind: DimensionDef['kind']): kind is Grain => kind !== 'keys' && kind !== 'dynamic';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Zones differ by less than this before and after a change of the clock that is this near. */
const NEAR_MS = 15 * HOUR_MS;
const FORMATS: Readonly<Record<Grain, { readonly like: string; readonly shape: RegExp; readonly name: string }>> = {
  hour: { name: 'hour', like: '2001-03-01T05+00:00', shape: /^(\d{4}-\d{2}-\d{2})T(\d{2})(?:Z|([+-])(\d{2}):(\d{2}))$/ },
  day: { name: 'day', like: '2001-03-01', shape: /^\d{4}-\d{2}-\d{2}$/ },
  week: { name: 'week', like: '2001-W09', shape: /^\d{4}-W\d{2}$/ },
  month: { name: 'month', like: '2001-03', shape: /^\d{4}-\d{2}$/ },
  quarter: { name: 'quarter', like: '2001-Q1', shape: /^\d{4}-Q\d$/ },
  year: { name: 'year', like: '2001', shape: /^\d{4}$/ },
  cron: { name: 'time of the cron expression', like: '2001-03-01T06:00', shape: /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(Z|([+-])(\d{2}):(\d{2}))?$/ },
};

/** What partitions of one dimension have in common. */
export interface TimeKind {
  readonly grain: Grain;
  readonly timezone: string;
  /** Of grain 'cron' alone. */
  readonly cron?: string;
}
/** One time partition, by its first instant (ms since the epoch). */
export interface TimePartition extends TimeKind {
  readonly startMs: number;
}

/** Throws HDL-BAD-KEY for a key of another kind, one that does not exist, or one before the dimension's start. */
export function parseTime(name: string, def: DimensionDef, key: string): TimePartition {
  const { like, shape, name: noun } = FORMATS[def.kind as Grain];
  const bad = (what: string, fix = `Write the ${noun} as ${like}.`): HeddleError => new HeddleError('HDL-BAD-KEY', { what, where: `dimension ${name}`, fix });
  const parts = shape.exec(key);
  if (!parts) throw bad(`"${key}" is no ${noun}.`);
  const first = startOf(def);
  const { grain, timezone } = first;
  const part = grain === 'hour' ? hourOf(parts, first) : grain === 'cron' ? fireOf(parts, first) : calendarPart(grain, key, timezone);
  if (!part || formatTime(part) !== key.replace(/Z$/, '+00:00')) {
    throw bad(
      `There is no ${noun} "${key}"${grain === 'hour' || grain === 'cron' ? ` in ${timezone}` : ''}.`,
      grain === 'hour' ? hourFix(parts, first) : grain === 'cron' ? fireFix(parts, first) : undefined,
    );
  }
  if (def.start !== undefined && part.startMs < first.startMs) {
    throw bad(`"${key}" is before ${def.start}, where the partitions of ${name} begin.`, `Take ${formatTime(first)} or a later ${noun}.`);
  }
  return part;
}

/** The dimension's first partition: the one that holds its start. Throws HDL-BAD-KEY for a start, a zone or a cron that cannot be. */
export function startOf(def: DimensionDef): TimePartition {
  const known = starts.get(def);
  if (known) return known;
  const first = firstOf(def);
  starts.set(def, first);
  return first;
}
/** A plan asks for it once a partition. */
const starts = new WeakMap<DimensionDef, TimePartition>();

function firstOf(def: DimensionDef): TimePartition {
  const timezone = def.timezone ?? 'UTC';
  const start = dayOf(def.start ?? '1970-01-01');
  if (start === null)
    throw new HeddleError('HDL-BAD-KEY', {
      what: `The partitions begin on "${def.start ?? ''}", which is no day.`,
      fix: 'Write the start of the dimension as 2001-03-01.',
    });
  const grain = def.kind as Grain;
  return partAt({ grain, timezone, ...(grain === 'cron' && { cron: def.cron ?? '' }) }, zoneClock(timezone).reach(start));
}

/** The partition of this kind that holds an instant. */
export function partAt(kind: TimeKind, at: number): TimePartition {
  const { grain, timezone, cron } = kind;
  if (grain === 'cron') return { grain, timezone, cron: cron ?? '', startMs: cronFires(cron ?? '', timezone).last(at) };
  const clock = zoneClock(timezone);
  if (grain === 'hour') return { grain, timezone, startMs: hourStart(clock, at) };
  let index = indexOf(grain, clock.wall(at));
  // Where clocks went back over midnight the wall shows the old day again; its partition has ended by then.
  while (clock.reach(wallOf(grain, index + 1)) <= at) index += 1;
  return { grain, timezone, startMs: clock.reach(wallOf(grain, index)) };
}

export function formatTime({ grain, timezone, startMs }: TimePartition): string {
  const clock = zoneClock(timezone);
  const wall = clock.wall(startMs);
  if (grain === 'hour') return `${dayText(wall)}T${two(Math.floor(modulo(wall, DAY_MS) / HOUR_MS))}${offsetText(clock.offset(startMs))}`;
  if (grain !== 'cron') return textOf(grain, wall);
  const minutes = Math.floor(modulo(wall, DAY_MS) / MINUTE_MS);
  const text = `${dayText(wall)}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return shownTwice(clock, startMs) ? text + offsetText(clock.offset(startMs)) : text;
}

/** The next partition (1) or the one before (-1). Hours follow in real time, the others in local calendar time. */
export function shiftTime(part: TimePartition, by: 1 | -1): TimePartition {
  return by === 1 ? { ...part, startMs: endOf(part) } : partAt(part, part.startMs - 1);
}

/** So many partitions later, or earlier. */
export function shiftBy(part: TimePartition, by: number): TimePartition {
  let at = part;
  for (let i = 0; i < Math.abs(by); i++) at = shiftTime(at, by < 0 ? -1 : 1);
  return at;
}

export const boundsOf = (part: TimePartition): { readonly start: string; readonly end: string } => ({ start: utc(part.startMs), end: utc(endOf(part)) });

/** The first instant after it, ms since the epoch. */
export function endOf({ grain, timezone, startMs, cron }: TimePartition): number {
  if (grain === 'cron') return cronFires(cron ?? '', timezone).next(startMs);
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
function hourOf([, date = '', hour = '', sign, hours, minutes]: RegExpExecArray, kind: TimeKind): TimePartition | null {
  const day = dayOf(date);
  if (day === null || Number(hour) > 23) return null;
  const offset = offsetOf(sign, hours, minutes);
  const start = day + Number(hour) * HOUR_MS - offset;
  const clock = zoneClock(kind.timezone);
  const inside = [start, start + HOUR_MS - 1].find((at) => clock.offset(at) === offset);
  return inside === undefined ? null : partAt(kind, inside);
}

/** Names the key that the hour has in this zone. */
function hourFix([, date = '', hour = '']: RegExpExecArray, kind: TimeKind): string | undefined {
  const day = dayOf(date);
  if (day === null || Number(hour) > 23) return undefined;
  return `Write it with the offset of ${kind.timezone}: ${formatTime(partAt(kind, zoneClock(kind.timezone).reach(day + Number(hour) * HOUR_MS)))}.`;
}

/** A fire by its text. One that the clock shows twice has its offset, and only such a one. */
function fireOf([, date = '', hour = '', minute = '', offset, sign, hours, minutes]: RegExpExecArray, kind: TimeKind): TimePartition | null {
  const day = dayOf(date);
  if (day === null || Number(hour) > 23 || Number(minute) > 59) return null;
  const clock = zoneClock(kind.timezone);
  const wall = day + Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS;
  const first = clock.reach(wall);
  const again = secondTime(clock, first);
  const times = [first, ...(again === null ? [] : [again])].filter((at) => clock.wall(at) === wall && partAt(kind, at).startMs === at);
  const fits = offset === undefined ? (again === null ? times : []) : times.filter((at) => clock.offset(at) === offsetOf(sign, hours, minutes));
  return fits[0] === undefined ? null : { ...kind, startMs: fits[0] };
}

/** Names the partition that holds the time. */
function fireFix([, date = '', hour = '', minute = '']: RegExpExecArray, kind: TimeKind): string | undefined {
  const day = dayOf(date);
  if (day === null || Number(hour) > 23 || Number(minute) > 59) return undefined;
  const at = zoneClock(kind.timezone).reach(day + Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS);
  return `"${kind.cron ?? ''}" does not fire then; the partition that holds that time is ${formatTime(partAt(kind, at))}.`;
}

function calendarPart(grain: CalendarGrain, key: string, timezone: string): TimePartition | null {
  const wall = wallOfText(grain, key);
  return wall === null ? null : { grain, timezone, startMs: zoneClock(timezone).reach(wall) };
}

/** When the clock shows again what it shows at `at`, its first time; null where it does not. */
function secondTime(clock: ZoneClock, at: number): number | null {
  const back = clock.offset(at) - clock.offset(at + NEAR_MS);
  return back > 0 && clock.wall(at + back) === clock.wall(at) ? at + back : null;
}
function shownTwice(clock: ZoneClock, at: number): boolean {
  const first = clock.reach(clock.wall(at));
  return first !== at || secondTime(clock, at) !== null;
}

const offsetOf = (sign: string | undefined, hours = '0', minutes = '0'): number => (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
function offsetText(offset: number): string {
  if (offset === 0) return '+00:00';
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
const modulo = (n: number, by: number): number => ((n % by) + by) % by;
const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
