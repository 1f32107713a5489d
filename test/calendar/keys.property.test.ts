import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysBetween, keysOf } from '../../calendar/keys-of.ts';
import { parseKey, partitionScope } from '../../calendar/partition-scope.ts';
import { walk, type Grain } from './brute-force.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Havana',
  'Atlantic/Azores',
  'Pacific/Apia',
  'Africa/Casablanca',
];
const DAY_MS = 86_400_000;
/** Days that are walked around a point in time. */
const DAYS: Readonly<Record<Grain, number>> = { hour: 1.5, day: 8, week: 42, month: 150, quarter: 300, year: 900 };
/** Moments worth more than chance gives them: changes of clocks, leap days, ends of years, a day that Apia skipped. */
const CORNERS = [
  '2001-10-28',
  '2001-03-25',
  '2001-04-01',
  '2004-02-29',
  '2000-02-29',
  '2005-01-01',
  '2009-12-31',
  '2011-12-30',
  '2019-04-07',
  '2019-10-06',
  '2020-11-01',
  '2023-03-12',
  '2100-02-28',
];

const grain = fc.constantFrom<Grain[]>('hour', 'day', 'week', 'month', 'quarter', 'year');
const zone = fc.constantFrom(...ZONES);
const middle = fc.oneof(
  fc.constantFrom(...CORNERS).map((day) => Date.parse(day)),
  fc.integer({ min: Date.UTC(1990, 0, 2) / DAY_MS, max: Date.UTC(2037, 0, 1) / DAY_MS }).map((day) => day * DAY_MS),
);
const stretchOf = (grains: fc.Arbitrary<Grain>) =>
  fc.record({ grain: grains, zone, middle }).map((one) => ({
    ...one,
    walked: walk(one.grain, one.zone, one.middle - DAYS[one.grain] * DAY_MS, one.middle + DAYS[one.grain] * DAY_MS),
    dimensions: { at: { kind: one.grain, timezone: one.zone, start: '1980-01-01' } },
  }));
const stretch = stretchOf(grain);
const hours = stretchOf(fc.constant('hour'));
const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
const RUNS = { numRuns: 80 };

describe('against a walk over the clock on the wall', { timeout: 60_000 }, () => {
  it('each partition has the bounds that the wall shows, and the neighbours', () => {
    fc.assert(
      fc.property(stretch, fc.nat(), ({ walked, dimensions }, choice) => {
        const i = 1 + (choice % (walked.length - 2));
        const [previous, own, next] = walked.slice(i - 1, i + 2);
        const scope = partitionScope(dimensions, { at: own?.key ?? '' }, 1);
        expect(scope).toMatchObject({ key: own?.key, at: own?.key, start: iso(own?.startMs ?? 0), end: iso(own?.endMs ?? 0) });
        expect(scope['next']).toMatchObject({ key: next?.key, start: iso(next?.startMs ?? 0), end: iso(next?.endMs ?? 0) });
        expect(scope['previous']).toMatchObject({ key: previous?.key, start: iso(previous?.startMs ?? 0), end: iso(previous?.endMs ?? 0) });
      }),
      RUNS,
    );
  });

  it('a range holds every partition between, once each, in order', () => {
    fc.assert(
      fc.property(stretch, fc.nat(), fc.nat(), ({ walked, dimensions }, a, b) => {
        const [from, to] = [a % walked.length, b % walked.length].sort((x, y) => x - y) as [number, number];
        const keys = walked.slice(from, to + 1).map(({ key }) => ({ at: key }));
        expect(keysBetween(dimensions, keys[0] ?? { at: '' }, keys.at(-1) ?? { at: '' })).toEqual(keys);
      }),
      RUNS,
    );
  });

  it('a window of hours holds the partitions that its hours touch', () => {
    fc.assert(
      fc.property(stretch, fc.nat(), fc.integer({ min: 1, max: 50 }), fc.boolean(), ({ walked, dimensions }, choice, count, including) => {
        const own = walked[Math.floor(walked.length / 2) + (choice % Math.ceil(walked.length / 2))];
        const end = (including ? own?.endMs : own?.startMs) ?? 0;
        const from = end - count * 3_600_000;
        if (from < (walked[0]?.startMs ?? 0)) return;
        const touched = walked.filter(({ startMs, endMs }) => startMs < end && endMs > from).map(({ key }) => ({ at: key }));
        expect(keysOf(dimensions, including ? 'window' : 'before', { at: own?.key ?? '' }, `${count}h`)).toEqual(touched);
      }),
      RUNS,
    );
  });

  it('n days, weeks, months, quarters or years before a partition of that grain are the n before it, but for days that a zone skips', () => {
    const unit = { day: 'd', week: 'w', month: 'mo', quarter: 'q', year: 'y' } as const;
    fc.assert(
      fc.property(stretch, fc.nat(), fc.integer({ min: 1, max: 6 }), ({ grain: kind, zone: timezone, walked, dimensions }, choice, n) => {
        if (kind === 'hour' || timezone === 'Pacific/Apia' || walked.length < 4) return;
        const i = 2 + (choice % (walked.length - 2));
        const before = walked.slice(Math.max(0, i - n), i).map(({ key }) => ({ at: key }));
        expect(keysOf(dimensions, 'before', { at: walked[i]?.key ?? '' }, `${Math.min(n, i)}${unit[kind]}`)).toEqual(before);
      }),
      RUNS,
    );
  });

  it('a text that no clock on the wall shows is no key', () => {
    fc.assert(
      fc.property(
        hours,
        fc.integer({ min: 0, max: 23 }),
        fc.constantFrom('-05:00', '-04:00', '+00:00', '+01:00', '+02:00', '+05:45', '+10:30', '+11:00'),
        ({ middle: at, walked, dimensions }, hour, offset) => {
          const key = `${iso(at).slice(0, 11)}${String(hour).padStart(2, '0')}${offset}`;
          const parse = (): unknown => parseKey(dimensions, key);
          if (walked.some((one) => one.key === key)) expect(parse()).toEqual({ at: key });
          else expect(parse).toThrow('HDL-BAD-KEY');
        },
      ),
      RUNS,
    );
  });
});
