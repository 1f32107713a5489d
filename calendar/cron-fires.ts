/**
 * The instants at which a cron expression fires, in both directions and a million of them: what partitions by cron begin at.
 * By the old rule of cron: times of fixed hours and minutes come once a day (one that the clock skips at the end of the gap, one
 * that it shows twice the first time); with a * in hour or minute they follow the clock, so an hour that happens twice has them
 * twice. Only calendar/ imports this.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { checkCron } from './check-cron.ts';
import { zoneClock, type ZoneClock } from './zone-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Fires are found and kept in stretches of about 25 days. */
export const STRETCH_MS = 2 ** 31;
/** Between two fires lie at most 8 years (February 29th around 1900). */
const MOST_EMPTY = 140;
const MOST_KEPT = 400;
const MONTHS = 'JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC';
const WEEKDAYS = 'SUNMONTUEWEDTHUFRISAT';

export interface CronFires {
  /** The last one up to an instant, that included. */
  last(at: number): number;
  /** The first one after an instant. */
  next(at: number): number;
  /** In order, of the stretch `index`: from index * STRETCH_MS on. */
  stretch(index: number): Float64Array;
}

/** Throws HDL-BAD-KEY for an expression or a zone that cannot be. */
export function cronFires(cron: string, timezone: string): CronFires {
  const name = `${timezone} ${cron}`;
  const known = all.get(name);
  if (known) return known;
  const what = checkCron(cron, timezone);
  if (what !== null) throw new HeddleError('HDL-BAD-KEY', { what, fix: 'Mend cron or timezone of the dimension.' });
  const made = makeFires(cron, zoneClock(timezone));
  all.set(name, made);
  return made;
}
const all = new Map<string, CronFires>();

function makeFires(cron: string, clock: ZoneClock): CronFires {
  const rule = ruleOf(cron);
  const kept = new Map<number, Float64Array>();
  const stretch = (index: number): Float64Array => {
    const known = kept.get(index);
    if (known) return known;
    const [from, to] = [index * STRETCH_MS, (index + 1) * STRETCH_MS];
    const found = Float64Array.from(rule.followsClock ? byClock(rule, clock, from, to) : byDay(rule, clock, from, to));
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(index, found);
    return found;
  };
  const last = (at: number): number => {
    const index = Math.floor(at / STRETCH_MS);
    for (let i = 0; i < MOST_EMPTY; i++) {
      const fires = stretch(index - i);
      const place = i === 0 ? upTo(fires, at) : fires.length;
      if (place > 0) return fires[place - 1] ?? 0;
    }
    throw new Error(`${cron} did not fire for years before ${at}`);
  };
  const next = (at: number): number => {
    const index = Math.floor(at / STRETCH_MS);
    for (let i = 0; i < MOST_EMPTY; i++) {
      const fires = stretch(index + i);
      const place = i === 0 ? upTo(fires, at) : 0;
      if (place < fires.length) return fires[place] ?? 0;
    }
    throw new Error(`${cron} does not fire for years after ${at}`);
  };
  return { last, next, stretch };
}

/** How many of them are not after `at`. */
export function upTo(fires: Float64Array, at: number): number {
  let [low, high] = [0, fires.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((fires[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Rule {
  readonly minutesOfDay: readonly number[];
  readonly isDay: (day: number) => boolean;
  readonly followsClock: boolean;
}

function* byDay({ minutesOfDay, isDay }: Rule, clock: ZoneClock, from: number, to: number): Generator<number> {
  let before = -Infinity;
  // a day that a zone skips ends where the next begins, so times lie at most two days off
  for (let day = Math.floor(from / DAY_MS) - 2; day <= Math.floor(to / DAY_MS) + 2; day++) {
    if (!isDay(day)) continue;
    for (const minute of minutesOfDay) {
      const at = clock.reach(day * DAY_MS + minute * MINUTE_MS);
      if (at > before && at >= from && at < to) yield at;
      before = at;
    }
  }
}

function* byClock({ minutesOfDay, isDay }: Rule, clock: ZoneClock, from: number, to: number): Generator<number> {
  for (const part of clock.stretches(from, to))
    for (let day = Math.floor((part.from + part.offset) / DAY_MS); day * DAY_MS - part.offset < part.to; day++) {
      if (!isDay(day)) continue;
      for (const minute of minutesOfDay) {
        const at = day * DAY_MS + minute * MINUTE_MS - part.offset;
        if (at >= part.from && at < part.to) yield at;
      }
    }
}

/** The expression has passed checkCron. */
function ruleOf(cron: string): Rule {
  const [minute = '', hour = '', date = '', month = '', weekday = ''] = cron.trim().toUpperCase().split(/\s+/);
  const [minutes, hours, dates, months] = [valuesOf(minute, 0, 59), valuesOf(hour, 0, 23), valuesOf(date, 1, 31), valuesOf(month, 1, 12, MONTHS)];
  const weekdays = new Set([...valuesOf(weekday, 0, 7, WEEKDAYS)].map((one) => one % 7));
  const either = date !== '*' && weekday !== '*'; // then one of the two is enough, as cron has it
  const isDay = (day: number): boolean => {
    const at = new Date(day * DAY_MS);
    if (!months.has(at.getUTCMonth() + 1)) return false;
    const [isDate, isWeekday] = [dates.has(at.getUTCDate()), weekdays.has(at.getUTCDay())];
    return either ? isDate || isWeekday : isDate && isWeekday;
  };
  const minutesOfDay = [...hours].toSorted((a, b) => a - b).flatMap((h) => [...minutes].toSorted((a, b) => a - b).map((m) => h * 60 + m));
  return { minutesOfDay, isDay, followsClock: minute.startsWith('*') || hour.startsWith('*') };
}

function valuesOf(text: string, least: number, most: number, names = ''): Set<number> {
  const values = new Set<number>();
  const valueOf = (one: string): number => (/^\d+$/.test(one) ? Number(one) : names.indexOf(one) / 3 + (names === MONTHS ? 1 : 0));
  for (const part of text.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [from, to] = range === '*' ? [least, most] : range.split('-').map(valueOf);
    for (let value = from ?? least; value <= (to ?? from ?? most); value += Number(step)) values.add(value);
  }
  return values;
}
