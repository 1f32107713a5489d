/**
 * The partitions of a dimension as whole numbers: 0 is the first, each next one is one more, with no number left out. Numbers and
 * keys follow from each other by arithmetic and by what is known of the zone's changes, so partitions that do not exist yet are
 * kept nowhere; a dimension by cron keeps one count for each 25 days. For plans over many partitions. Pure.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';
import { indexOf, wallOf, type CalendarGrain } from './calendar-index.ts';
import { cronFires, STRETCH_MS, upTo, type CronFires } from './cron-fires.ts';
import { endOf, formatTime, isGrain, parseTime, startOf, type TimePartition } from './time-grain.ts';
import { zoneClock, type ZoneClock } from './zone-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The number of the partition with this key. Throws HDL-BAD-KEY. */
export function ordinalOf(name: string, def: DimensionDef, key: string): number {
  if (isGrain(def.kind)) return lineOf(def).ordinal(parseTime(name, def, key).startMs);
  const ordinal = def.keys ? numbersOf(def.keys).get(key) : undefined;
  if (ordinal === undefined) throw new HeddleError('HDL-BAD-KEY', { what: `"${key}" is no ${name}.`, fix: fixOf(def) });
  return ordinal;
}

/** The key of the partition with this number. Throws HDL-BAD-KEY for a number that none has. */
export function keyOf(name: string, def: DimensionDef, ordinal: number): string {
  if (isGrain(def.kind)) return formatTime(partOfOrdinal(name, def, ordinal));
  const key = def.keys?.[ordinal];
  if (key === undefined) throw new HeddleError('HDL-BAD-KEY', { what: `There is no ${name} number ${ordinal}.`, fix: fixOf(def) });
  return key;
}

/** Bounds of the partition with this number, ms since the epoch; of a dimension of time. Throws HDL-BAD-KEY. */
export function boundsOfOrdinal(name: string, def: DimensionDef, ordinal: number): { readonly startMs: number; readonly endMs: number } {
  const part = partOfOrdinal(name, def, ordinal);
  return { startMs: part.startMs, endMs: endOf(part) };
}

function partOfOrdinal(name: string, def: DimensionDef, ordinal: number): TimePartition {
  if (!isGrain(def.kind) || !Number.isSafeInteger(ordinal) || ordinal < 0)
    throw new HeddleError('HDL-BAD-KEY', { what: `There is no partition of ${name} number ${ordinal}.`, fix: 'Numbers begin at 0, for a dimension of time.' });
  return { ...startOf(def), startMs: lineOf(def).startMs(ordinal) };
}

const fixOf = (def: DimensionDef): string => (def.keys ? `Take one of ${def.keys.join(', ')}.` : 'Dynamic keys have no order; name them.');

function numbersOf(keys: readonly string[]): ReadonlyMap<string, number> {
  let numbers = numbered.get(keys);
  if (!numbers) numbered.set(keys, (numbers = new Map(keys.map((key, i) => [key, i]))));
  return numbers;
}
const numbered = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** Numbers of the partitions of a dimension, by their first instants. */
interface Line {
  /** Of a partition that begins at this instant. */
  ordinal(startMs: number): number;
  startMs(ordinal: number): number;
}

function lineOf(def: DimensionDef): Line {
  let line = lines.get(def);
  if (!line) lines.set(def, (line = makeLine(startOf(def))));
  return line;
}
const lines = new WeakMap<DimensionDef, Line>();

function makeLine({ grain, timezone, cron, startMs }: TimePartition): Line {
  if (grain === 'cron') return cronLine(cronFires(cron ?? '', timezone), startMs);
  const clock = zoneClock(timezone);
  return grain === 'hour' ? hourLine(clock, startMs) : calendarLine(grain, clock, startMs);
}

/** Days and longer ones: their index on the wall, less those that the zone skipped. */
function calendarLine(grain: CalendarGrain, clock: ZoneClock, startMs: number): Line {
  const first = indexOf(grain, clock.wall(startMs));
  /** Indices of days that no clock showed, in order, up to `known`. */
  const skipped: number[] = [];
  let known = startMs;
  const know = (at: number): void => {
    if (grain !== 'day' || at <= known) return;
    const to = at + 400 * DAY_MS;
    const parts = clock.stretches(known, to);
    for (const [i, part] of parts.entries()) {
      const before = parts[i - 1];
      if (!before || part.offset - before.offset < DAY_MS) continue;
      const shown = indexOf('day', part.from - 1 + before.offset);
      for (let day = shown + 1; day < indexOf('day', part.from + part.offset); day++) skipped.push(day);
    }
    known = to;
  };
  return {
    ordinal: (at) => {
      know(at);
      const index = indexOf(grain, clock.wall(at));
      return index - first - countBelow(skipped, index);
    },
    startMs: (ordinal) => {
      know(wallOf(grain, first + ordinal + skipped.length) + 2 * DAY_MS);
      let index = first + ordinal;
      for (const day of skipped) if (day <= index) index += 1;
      return clock.reach(wallOf(grain, index));
    },
  };
}
const countBelow = (sorted: readonly number[], limit: number): number => sorted.reduce((count, one) => count + (one < limit ? 1 : 0), 0);

/** Hours: between two changes of the clock they follow each other, and a change begins a new one. */
function hourLine(clock: ZoneClock, startMs: number): Line {
  const parts: { readonly from: number; to: number; readonly offset: number; readonly ordinal: number }[] = [];
  let known = startMs;
  /** First whole hour on the wall after the partition that begins the stretch. */
  const nextWhole = (from: number, offset: number): number => (Math.floor((from + offset) / HOUR_MS) + 1) * HOUR_MS - offset;
  const sizeOf = (from: number, to: number, offset: number): number => 1 + Math.max(0, Math.ceil((to - nextWhole(from, offset)) / HOUR_MS));
  const know = (at: number): void => {
    while (known <= at) {
      const to = known + 3_000 * DAY_MS;
      for (const one of clock.stretches(known, to)) {
        const before = parts.at(-1);
        if (before && before.offset === one.offset) before.to = one.to;
        else parts.push({ ...one, ordinal: before ? before.ordinal + sizeOf(before.from, before.to, before.offset) : 0 });
      }
      known = to;
    }
  };
  const holding = (isAfter: (part: { readonly from: number; readonly ordinal: number }) => boolean) => {
    let [low, high] = [0, parts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const part = parts[middle];
      if (part && !isAfter(part)) low = middle + 1;
      else high = middle;
    }
    return parts[low - 1] ?? { from: startMs, offset: clock.offset(startMs), ordinal: 0 };
  };
  return {
    ordinal: (at) => {
      know(at);
      const part = holding(({ from }) => from > at);
      return part.ordinal + (at === part.from ? 0 : 1 + Math.round((at - nextWhole(part.from, part.offset)) / HOUR_MS));
    },
    startMs: (ordinal) => {
      know(startMs + (ordinal + 1) * HOUR_MS);
      const part = holding((one) => one.ordinal > ordinal);
      const place = ordinal - part.ordinal;
      return place === 0 ? part.from : nextWhole(part.from, part.offset) + (place - 1) * HOUR_MS;
    },
  };
}

function cronLine(fires: CronFires, startMs: number): Line {
  const first = Math.floor(startMs / STRETCH_MS);
  const skip = upTo(fires.stretch(first), startMs) - 1;
  /** counts[i]: fires in the i stretches from the first on. */
  const counts: number[] = [0];
  const more = (): void => void counts.push((counts.at(-1) ?? 0) + fires.stretch(first + counts.length - 1).length);
  return {
    ordinal: (at) => {
      const place = Math.floor(at / STRETCH_MS) - first;
      while (counts.length <= place) more();
      return (counts[place] ?? 0) + upTo(fires.stretch(first + place), at) - 1 - skip;
    },
    startMs: (ordinal) => {
      const wanted = ordinal + skip;
      while ((counts.at(-1) ?? 0) <= wanted) more();
      let [low, high] = [0, counts.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((counts[middle] ?? 0) <= wanted) low = middle;
        else high = middle;
      }
      return fires.stretch(first + low)[wanted - (counts[low] ?? 0)] ?? 0;
    },
  };
}
