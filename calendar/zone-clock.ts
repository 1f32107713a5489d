/**
 * The wall clock of a time zone, as functions of instants (ms since the epoch). A wall time is written as ms too: the
 * instant at which UTC clocks show the same. Only calendar/ imports this; never the workflow sandbox.
 */
import { IANAZone } from 'luxon';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { badZone } from './bad-zone.ts';

export interface ZoneClock {
  /** ms that the wall clock is ahead of UTC at this instant. */
  offset(at: number): number;
  /** What the wall clock shows at this instant. */
  wall(at: number): number;
  /** The first instant at which the wall clock shows this time or a later one: the earlier of two, the end of a gap. */
  reach(wall: number): number;
  /** The first instant after `from` with another offset; there must be one up to `to`, and one only. */
  change(from: number, to: number): number;
}

/** Zones lie from 12 h behind UTC to 14 h ahead of it, so the instant of a wall time is less than this away. */
const FURTHEST_MS = 15 * 3_600_000;

/** Relies on offsets changing at most once within 30 hours. Throws HDL-BAD-KEY for a zone that there is not. */
export function zoneClock(timezone: string): ZoneClock {
  const known = clocks.get(timezone);
  if (known) return known;
  const what = badZone(timezone);
  if (what !== null) throw new HeddleError('HDL-BAD-KEY', { what, fix: 'Mend the timezone of the dimension.' });
  const zone = IANAZone.create(timezone);
  const clock = makeClock((at) => Math.round(zone.offset(at) * 60_000));
  clocks.set(timezone, clock);
  return clock;
}

function makeClock(offset: (at: number) => number): ZoneClock {
  const change = (from: number, to: number): number => {
    const before = offset(from);
    let [low, high] = [from, to];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  };
  const reach = (time: number): number => {
    const [from, to] = [time - FURTHEST_MS, time + FURTHEST_MS];
    const [before, after] = [offset(from), offset(to)];
    if (before === after) return time - after;
    const changed = change(from, to);
    return time - before < changed ? time - before : Math.max(changed, time - after);
  };
  return { offset, wall: (at) => at + offset(at), reach, change };
}

const clocks = new Map<string, ZoneClock>([['UTC', makeClock(() => 0)]]);
