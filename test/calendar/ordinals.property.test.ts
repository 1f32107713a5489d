/** Partitions as numbers, against a walk from one partition to the next; and what a million of them cost. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { iterateKeys } from '../../calendar/iterate-keys.ts';
import { nextTicks } from '../../calendar/next-ticks.ts';
import { boundsOfOrdinal, keyOf, ordinalOf } from '../../calendar/ordinals.ts';
import type { Dimensions } from '../../calendar/partition-scope.ts';
import { endOf, formatTime, shiftTime, startOf, type TimePartition } from '../../calendar/time-grain.ts';
import type { DimensionDef } from '../../dsl/plan/types.ts';
import { walk, walkMinutes } from './brute-force.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'America/Havana'];
const CRONS = ['0 6,18 * * 1-5', '30 2 * * *', '*/20 1-3 * * *', '0 0 1 * *', '0 0 29 2 *', '0 12 1,15 * MON', '15 * * * SUN'];
/** Before a change of the clock, a leap day or a day that a zone skipped. */
const STARTS = ['2001-03-20', '2001-10-25', '2004-02-25', '2011-12-25', '2019-04-01', '2019-10-01', '2023-03-10', '1999-12-25'];
const dimension = fc
  .record({
    kind: fc.constantFrom<DimensionDef['kind'][]>('hour', 'day', 'week', 'month', 'quarter', 'year', 'cron'),
    timezone: fc.constantFrom(...ZONES),
    start: fc.constantFrom(...STARTS),
    cron: fc.constantFrom(...CRONS),
  })
  .map(({ cron, ...one }): DimensionDef => (one.kind === 'cron' ? { ...one, cron } : one));

describe('the number of a partition', { timeout: 60_000 }, () => {
  it('counts the partitions from the first one on, over changes of the clock, and leads back to key and bounds', () => {
    fc.assert(
      fc.property(dimension, (def) => {
        let part: TimePartition = startOf(def);
        const until = part.startMs + 30 * 365 * 86_400_000;
        for (let i = 0; i < 300 && part.startMs < until; i++, part = shiftTime(part, 1)) {
          const key = formatTime(part);
          expect([ordinalOf('d', def, key), keyOf('d', def, i)]).toEqual([i, key]);
          if (i % 50 === 0) expect(boundsOfOrdinal('d', def, i)).toEqual({ startMs: part.startMs, endMs: endOf(part) });
        }
      }),
      { numRuns: 25 },
    );
  });
  it('is as right when it is asked for one far away first', () => {
    fc.assert(
      fc.property(dimension, fc.integer({ min: 0, max: 90_000 }), (def, far) => {
        const ordinal = def.kind === 'hour' ? far : far % (def.kind === 'day' ? 9_000 : def.cron === '0 0 29 2 *' ? 5 : 60);
        const key = keyOf('d', def, ordinal);
        expect(ordinalOf('d', { ...def }, key)).toBe(ordinal);
        expect(keyOf('d', { ...def }, ordinal + 1)).toBe(formatTime(shiftTime({ ...startOf(def), startMs: boundsOfOrdinal('d', def, ordinal).startMs }, 1)));
      }),
      { numRuns: 30 },
    );
  });
  it('of a listed key is its place; other keys and numbers are refused', () => {
    const def: DimensionDef = { kind: 'keys', keys: ['en', 'de'] };
    expect([ordinalOf('wiki', def, 'de'), keyOf('wiki', def, 0)]).toEqual([1, 'en']);
    expect(() => ordinalOf('wiki', def, 'fr')).toThrow('HDL-BAD-KEY');
    expect(() => keyOf('wiki', def, 2)).toThrow('HDL-BAD-KEY');
    expect(() => keyOf('day', { kind: 'day', start: '2001-01-01' }, -1)).toThrow('HDL-BAD-KEY');
    expect(() => ordinalOf('page', { kind: 'dynamic' }, 'a')).toThrow('Dynamic keys have no order');
  });
});

describe('partitions by cron', { timeout: 60_000 }, () => {
  const keysFrom = (def: DimensionDef, count: number): string[] => Array.from({ length: count }, (_, i) => keyOf('cron', def, i));

  it('last from one fire to the next, where a schedule with the same expression ticks', () => {
    for (const cron of CRONS) {
      const def: DimensionDef = { kind: 'cron', cron, start: '2001-06-01' };
      const ticks = nextTicks(cron, 'UTC', startOf(def).startMs - 1, 12);
      expect(ticks.map((_, i) => boundsOfOrdinal('cron', def, i).startMs)).toEqual(ticks);
    }
  });
  it('with a * in hour or minute follow the clock: an hour that comes twice has them twice, told apart by the offset', () => {
    const def: DimensionDef = { kind: 'cron', cron: '*/20 1-3 * * *', timezone: 'Europe/Berlin', start: '2001-10-28' };
    expect(keysFrom(def, 14).slice(1)).toEqual([
      ...['2001-10-28T01:00', '2001-10-28T01:20', '2001-10-28T01:40', '2001-10-28T02:00+02:00', '2001-10-28T02:20+02:00', '2001-10-28T02:40+02:00'],
      ...['2001-10-28T02:00+01:00', '2001-10-28T02:20+01:00', '2001-10-28T02:40+01:00', '2001-10-28T03:00', '2001-10-28T03:20', '2001-10-28T03:40'],
      '2001-10-29T01:00',
    ]);
  });
  it('agree with a walk over the minutes that the wall shows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), fc.constantFrom(...STARTS), (timezone, start) => {
        const def: DimensionDef = { kind: 'cron', cron: '*/20 1-3 * * 0,6', timezone, start };
        const from = Date.parse(start);
        const walked = walkMinutes(timezone, from, from + 9 * 86_400_000, (wall, weekday) => /0[1-3]:(00|20|40)$/.test(wall) && weekday % 6 === 0);
        const first = startOf(def);
        const starts = [first.startMs, ...Array.from({ length: 60 }, (_, i) => boundsOfOrdinal('cron', def, i + 1).startMs)];
        expect(starts.filter((at) => at >= from && at < from + 9 * 86_400_000)).toEqual(walked);
      }),
      { numRuns: 12 },
    );
  });
  it('at fixed times come once a day: what the clock skips at the end of the gap, what it shows twice the first time', () => {
    const def = (start: string): DimensionDef => ({ kind: 'cron', cron: '30 2 * * *', timezone: 'Europe/Berlin', start });
    expect(keysFrom(def('2001-03-25'), 3)).toEqual(['2001-03-24T02:30', '2001-03-25T03:00', '2001-03-26T02:30']);
    expect(keysFrom(def('2001-10-28'), 3)).toEqual(['2001-10-27T02:30', '2001-10-28T02:30+02:00', '2001-10-29T02:30']);
  });
});

/** So that what is measured is held, and not only not yet thrown away. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

describe('a walk over partitions', { timeout: 60_000 }, () => {
  const Wide: Dimensions = { wiki: { kind: 'keys', keys: ['en', 'de'] }, day: { kind: 'day', start: '2001-01-01' }, page: { kind: 'dynamic' } };

  it('goes by time first, oldest or newest first, and takes all listed keys', () => {
    const keys = [...iterateKeys(Wide, { from: '2001-03-01', to: '2001-03-02' }, 'newest', { page: ['x'] })].map((key) => Object.values(key).join('|'));
    expect(keys).toEqual(['en|2001-03-02|x', 'de|2001-03-02|x', 'en|2001-03-01|x', 'de|2001-03-01|x']);
  });
  it.each(['Europe/Berlin', 'Australia/Lord_Howe'])(
    'of a year of days and hours in %s, over both changes of the clock, leaves none out and adds none',
    (timezone) => {
      for (const kind of ['day', 'hour'] as const) {
        const def: DimensionDef = { kind, timezone, start: '2000-01-01' };
        const walked = walk(kind, timezone, Date.UTC(2019, 0, 1), Date.UTC(2020, 0, 2));
        const range = { from: walked[0]?.key ?? '', to: walked.at(-1)?.key ?? '' };
        expect([...iterateKeys({ at: def }, range)].map(({ at }) => at)).toEqual(walked.map(({ key }) => key));
        expect([...iterateKeys({ at: def }, range, 'newest')].map(({ at }) => at)).toEqual(walked.map(({ key }) => key).toReversed());
      }
    },
  );
  it('refuses a range that ends before it begins, and dynamic keys that nobody names', () => {
    expect(() => [...iterateKeys({ day: { kind: 'day', start: '2001-01-01' } }, { from: '2001-03-02', to: '2001-03-01' })]).toThrow('HDL-BAD-SPAN');
    expect(() => [...iterateKeys(Wide, { from: '2001-03-01', to: '2001-03-01' })]).toThrow('HDL-BAD-KEY');
  });
  it('a million hours that do not exist yet are walked and numbered with less than 10 MiB held', () => {
    const def: DimensionDef = { kind: 'hour', timezone: 'Europe/Berlin', start: '1950-01-01' };
    const last = keyOf('hour', def, 999_999);
    const collect = collector();
    collect();
    const before = process.memoryUsage().heapUsed;
    let count = 0;
    let most = 0;
    for (const { hour } of iterateKeys({ hour: def }, { from: keyOf('hour', def, 0), to: last })) {
      if (count % 100_000 === 0) {
        expect(ordinalOf('hour', def, hour ?? '')).toBe(count);
        collect();
        most = Math.max(most, process.memoryUsage().heapUsed - before);
      }
      count++;
    }
    expect(count).toBe(1_000_000);
    expect(most).toBeLessThan(10 * 2 ** 20);
  });
});
