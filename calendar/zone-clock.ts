/**
 * The wall clock of a time zone, as functions of instants (ms since the epoch). A wall time is written as ms too: the
 * instant at which UTC clocks show the same. The changes of a zone are looked up once a stretch of about a year, and kept:
 * a million partitions ask for them. Only calendar/ imports this; never the workflow sandbox.
 */
import { IANAZone } from 'luxon';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { badZone } from './bad-zone.ts';

/** A stretch of time in which the clock is not changed. */
export interface ZoneStretch {
  readonly from: number;
  /** Not included. */
  readonly to: number;
  readonly offset: number;
}
export interface ZoneClock {
  /** ms that the wall clock is ahead of UTC at this instant. */
  offset(at: number): number;
  /** What the wall clock shows at this instant. */
  wall(at: number): number;
  /** The first instant at which the wall clock shows this time or a later one: the earlier of two, the end of a gap. */
  reach(wall: number): number;
  /** The first instant after `from` with another offset; there must be one up to `to`, and one only. */
  change(from: number, to: number): number;
  /** [from, to), cut where the offset changes. */
  stretches(from: number, to: number): ZoneStretch[];
}

const DAY_MS = 86_400_000;
/** Zones lie from 12 h behind UTC to 14 h ahead of it, so the instant of a wall time is less than this away. */
const FURTHEST_MS = 15 * 3_600_000;
const CHUNK_MS = 400 * DAY_MS;
/** What a Date can hold. */
const LAST_DATE_MS = 8.64e15;

/** Relies on offsets changing at most once within 30 hours. Throws HDL-BAD-KEY for a zone that there is not. */
export function zoneClock(timezone: string): ZoneClock {
  const known = clocks.get(timezone);
  if (known) return known;
  const what = badZone(timezone);
  if (what !== null) throw new HeddleError('HDL-BAD-KEY', { what, fix: 'Mend the timezone of the dimension.' });
  const zone = IANAZone.create(timezone);
  const clock = makeClock((at) => Math.round(zone.offset(Math.max(-LAST_DATE_MS, Math.min(at, LAST_DATE_MS))) * 60_000));
  clocks.set(timezone, clock);
  return clock;
}

/** The offsets of a stretch of CHUNK_MS: offsets[i] from since[i] on. */
interface Chunk {
  readonly since: number[];
  readonly offsets: number[];
}

function makeClock(ask: (at: number) => number): ZoneClock {
  const chunks = new Map<number, Chunk>();
  let last: { readonly index: number; readonly chunk: Chunk } = { index: Number.NaN, chunk: { since: [], offsets: [] } };
  const chunkAt = (at: number): Chunk => {
    const index = Math.floor(at / CHUNK_MS);
    if (index === last.index) return last.chunk;
    let chunk = chunks.get(index);
    if (!chunk) chunks.set(index, (chunk = chunkOf(ask, index * CHUNK_MS)));
    last = { index, chunk };
    return chunk;
  };
  const offset = (at: number): number => {
    const { since, offsets } = chunkAt(at);
    let i = since.length - 1;
    while (i > 0 && (since[i] ?? 0) > at) i -= 1;
    return offsets[i] ?? 0;
  };
  const change = (from: number, to: number): number => firstOther(offset, from, to);
  const reach = (time: number): number => {
    const [from, to] = [time - FURTHEST_MS, time + FURTHEST_MS];
    const [before, after] = [offset(from), offset(to)];
    if (before === after) return time - after;
    const changed = change(from, to);
    return time - before < changed ? time - before : Math.max(changed, time - after);
  };
  const stretches = (from: number, to: number): ZoneStretch[] => {
    const found: { from: number; to: number; offset: number }[] = [];
    for (let index = Math.floor(from / CHUNK_MS); index * CHUNK_MS < to; index += 1) {
      const { since, offsets } = chunkAt(index * CHUNK_MS);
      for (const [i, first] of since.entries()) {
        const [begin, end] = [Math.max(first, from), Math.min(since[i + 1] ?? (index + 1) * CHUNK_MS, to)];
        const before = found.at(-1);
        if (begin >= end) continue;
        if (before && before.offset === offsets[i]) before.to = end;
        else found.push({ from: begin, to: end, offset: offsets[i] ?? 0 });
      }
    }
    return found;
  };
  return { offset, wall: (at) => at + offset(at), reach, change, stretches };
}

/** Looks once a day, and between two days that differ for the moment of the change. */
function chunkOf(ask: (at: number) => number, from: number): Chunk {
  const chunk: Chunk = { since: [from], offsets: [ask(from)] };
  for (let at = from; at < from + CHUNK_MS; at += DAY_MS) {
    const [before, after] = [chunk.offsets.at(-1), ask(at + DAY_MS)];
    if (before === after) continue;
    const changed = firstOther(ask, at, at + DAY_MS);
    if (changed >= from + CHUNK_MS) break; // the next chunk's first
    chunk.since.push(changed);
    chunk.offsets.push(after);
  }
  return chunk;
}

function firstOther(offset: (at: number) => number, from: number, to: number): number {
  const before = offset(from);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

const ALWAYS_UTC: ZoneClock = {
  offset: () => 0,
  wall: (at) => at,
  reach: (wall) => wall,
  change: (_from, to) => to,
  stretches: (from, to) => [{ from, to, offset: 0 }],
};
const clocks = new Map<string, ZoneClock>([['UTC', ALWAYS_UTC]]);
