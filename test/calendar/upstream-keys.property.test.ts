/** What a partition reads and who reads a partition, against a search over all pairs by the bounds that a clock on the wall shows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { How } from '../../calendar/keys-of.ts';
import { formatKey, type Dimensions, type Key } from '../../calendar/partition-scope.ts';
import { formatTime, partAt, shiftBy } from '../../calendar/time-grain.ts';
import { downstreamKeys, upstreamKeys, type Link } from '../../calendar/upstream-keys.ts';
import { pathTo } from '../../dsl/plan/partition-path.ts';
import type { Expr } from '../../dsl/plan/types.ts';
import { walk, type Grain, type Walked } from './brute-force.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca'];
const DAY_MS = 86_400_000;
const CORNERS = ['2001-03-25', '2001-10-28', '2004-02-29', '2009-12-31', '2011-12-30', '2019-04-07', '2023-03-12', '2023-03-19', '2100-02-28'];
const corner = fc.constantFrom(...CORNERS).map((day) => Date.parse(day));
const zone = fc.constantFrom(...ZONES);
const grain = fc.constantFrom<Grain[]>('hour', 'day', 'week', 'month', 'quarter', 'year');
/** Length of a grain at most, in days. */
const LONGEST: Readonly<Record<Grain, number>> = { hour: 0.05, day: 1.1, week: 7.1, month: 31.1, quarter: 92.1, year: 366.1 };
const field = (name: string, by = 0): Expr => ({ $ref: ['$partition', ...pathTo(by), name] });
const between = (by: number): Expr => ({ $text: [field('start', by), '/', field('end', by)] });
const texts = (dimensions: Dimensions, keys: readonly Key[]): string[] => keys.map((key) => formatKey(dimensions, key));
const overlap = (a: Walked, b: Walked): boolean => a.startMs < b.endMs && b.startMs < a.endMs;
const RUNS = { numRuns: 40 };

/** Both lists cover the same days; the finer one is cut where the coarser one ends. */
const worlds = fc
  .record({ up: grain, down: grain, upZone: zone, downZone: zone, at: corner })
  .filter(({ up, down }) => Math.max(LONGEST[up], LONGEST[down]) / Math.min(LONGEST[up], LONGEST[down]) < 200)
  .map(({ up, down, upZone, downZone, at }) => {
    const days = Math.max(LONGEST[up], LONGEST[down]) * 1.6 + 2;
    const [from, to] = [at - days * DAY_MS, at + days * DAY_MS];
    return {
      ups: walk(up, upZone, from, to),
      downs: walk(down, downZone, from, to),
      upstream: { u: { kind: up, timezone: upZone, start: '1990-01-01' } } satisfies Dimensions,
      downstream: { d: { kind: down, timezone: downZone, start: '1990-01-01' } } satisfies Dimensions,
    };
  });

describe('a roll-up between any two partitionings of time', { timeout: 60_000 }, () => {
  it('reads the partitions that have a moment in common with its own, and is read back by exactly those', () => {
    fc.assert(
      fc.property(worlds, ({ ups, downs, upstream, downstream }) => {
        const link: Link = { upstream, downstream, how: 'within', key: { u: between(0) }, span: null };
        const [first, last] = [Math.max(ups[0]?.startMs ?? 0, downs[0]?.startMs ?? 0), Math.min(ups.at(-1)?.endMs ?? 0, downs.at(-1)?.endMs ?? 0)];
        const inside = (one: Walked): boolean => one.startMs >= first && one.endMs <= last;
        for (const down of downs.filter(inside)) {
          const wanted = ups.filter((up) => overlap(up, down)).map(({ key }) => key);
          expect(texts(upstream, upstreamKeys(link, { d: down.key }).keys)).toEqual(wanted);
        }
        for (const up of ups.filter(inside)) {
          const wanted = downs.filter((down) => overlap(up, down)).map(({ key }) => key);
          expect(texts(downstream, downstreamKeys(link, { u: up.key }).keys)).toEqual(wanted);
        }
      }),
      RUNS,
    );
  });

  it('of a neighbour reads what the neighbour would', () => {
    fc.assert(
      fc.property(worlds, fc.integer({ min: -7, max: 7 }), ({ ups, downs, upstream, downstream }, by) => {
        const link = (far: number): Link => ({ upstream, downstream, how: 'within', key: { u: between(far) }, span: null });
        const i = Math.floor(downs.length / 2);
        const [own, other] = [downs[i], downs[i + by]];
        if (!own || !other) return;
        const keys = upstreamKeys(link(by), { d: own.key }).keys;
        expect(keys).toEqual(upstreamKeys(link(0), { d: other.key }).keys);
        for (const key of keys.slice(0, 3)) expect(texts(downstream, downstreamKeys(link(by), key).keys)).toContain(own.key);
        expect(ups.length).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });
});

describe('who reads a partition', { timeout: 60_000 }, () => {
  const spans: Readonly<Record<Grain, readonly string[]>> = {
    hour: ['1h', '30h', '2d', '3p'],
    day: ['1d', '1h', '3d', '1w', '1mo', '2p'],
    week: ['1w', '10d', '1mo', '1q'],
    month: ['1mo', '5w', '1q', '1y'],
    quarter: ['1q', '1y', '2p'],
    year: ['1y', '2y'],
  };
  const windows = fc
    .record({
      kind: grain,
      timezone: zone,
      at: corner,
      how: fc.constantFrom<How[]>('at', 'window', 'before'),
      by: fc.integer({ min: -5, max: 5 }),
      span: fc.nat(),
    })
    .map(({ kind, timezone, at, how, by, span }) => {
      const dimensions: Dimensions = { d: { kind, timezone, start: '1900-01-01' } };
      const list = spans[kind];
      const link: Link = {
        upstream: dimensions,
        downstream: dimensions,
        how,
        key: { d: field('d', by) },
        span: how === 'at' ? null : (list[span % list.length] ?? ''),
      };
      const own = partAt({ grain: kind, timezone }, at);
      return { link, own: formatTime(own), around: Array.from({ length: 161 }, (_, i) => formatTime(shiftBy(own, i - 80))) };
    });

  it('is the exact inverse of what it reads, for at, window and before, near and far', () => {
    fc.assert(
      fc.property(windows, ({ link, own, around }) => {
        const reads = new Map(around.map((key) => [key, new Set(texts(link.upstream, upstreamKeys(link, { d: key }).keys))]));
        const readers = texts(link.downstream, downstreamKeys(link, { d: own }).keys);
        const [first, last] = [around[0] ?? '', around.at(-1) ?? ''];
        expect(readers).not.toContain(first); // all readers lie among those that were asked
        expect(readers).not.toContain(last);
        expect(readers).toEqual(around.filter((key) => reads.get(key)?.has(own)));
      }),
      RUNS,
    );
  });
});

describe('products to four dimensions', { timeout: 60_000 }, () => {
  const values = { wiki: ['en', 'de', 'fr'], size: ['s', 'l'], model: ['a', 'b'] } as const;
  const days = ['2001-03-24', '2001-03-25', '2001-03-26', '2001-03-27'];
  const Berlin = { kind: 'day', timezone: 'Europe/Berlin', start: '2001-03-01' } as const;
  const fixed = fc.subarray(['wiki', 'size', 'model'] as const);
  const product = (names: readonly (keyof typeof values)[]): Dimensions => ({
    day: Berlin,
    ...Object.fromEntries(names.map((name) => [name, { kind: 'keys' as const, keys: values[name] }])),
  });
  const all = (dimensions: Dimensions): Key[] =>
    Object.entries(dimensions).reduce<Key[]>(
      (keys, [name, { keys: list }]) => keys.flatMap((key) => (list ?? days).map((value) => ({ ...key, [name]: value }))),
      [{}],
    );

  it('agree in the dimensions that both have, and take all of the others', () => {
    fc.assert(
      fc.property(fixed, fixed, fc.constantFrom<How[]>('within', 'where', 'before'), (upNames, downNames, how) => {
        const [upstream, downstream] = [product(upNames), product(downNames)];
        const both = upNames.filter((name) => downNames.includes(name));
        if (how === 'before' && both.length < upNames.length) return; // each dimension must be named
        const key = { day: how === 'within' ? between(0) : field('day'), ...Object.fromEntries(both.map((name) => [name, field(name)])) };
        const link: Link = { upstream, downstream, how, key, span: how === 'before' ? '2d' : null };
        const reads = (down: Key, up: Key): boolean => {
          const far = days.indexOf(down['day'] ?? '') - days.indexOf(up['day'] ?? '');
          return both.every((name) => down[name] === up[name]) && (how === 'before' ? far === 1 || far === 2 : far === 0);
        };
        for (const down of all(downstream)) {
          const got = texts(
            upstream,
            upstreamKeys(link, down).keys.filter((one) => days.includes(one['day'] ?? '')),
          );
          expect(got.toSorted()).toEqual(
            texts(
              upstream,
              all(upstream).filter((up) => reads(down, up)),
            ).toSorted(),
          );
        }
        for (const up of all(upstream)) {
          const got = texts(
            downstream,
            downstreamKeys(link, up).keys.filter((one) => days.includes(one['day'] ?? '')),
          );
          expect(got.toSorted()).toEqual(
            texts(
              downstream,
              all(downstream).filter((down) => reads(down, up)),
            ).toSorted(),
          );
        }
      }),
      RUNS,
    );
  });

  it('leave dynamic keys open: every key that is there is meant', () => {
    const upstream: Dimensions = { day: Berlin, page: { kind: 'dynamic' } };
    const link: Link = { upstream, downstream: { day: Berlin }, how: 'within', key: { day: between(0) }, span: null };
    expect(upstreamKeys(link, { day: '2001-03-25' })).toEqual({ keys: [{ day: '2001-03-25' }], open: ['page'] });
    expect(downstreamKeys(link, { day: '2001-03-25', page: 'x' })).toEqual({ keys: [{ day: '2001-03-25' }], open: [] });
    expect(downstreamKeys({ ...link, upstream: { day: Berlin }, downstream: upstream }, { day: '2001-03-25' })).toEqual({
      keys: [{ day: '2001-03-25' }],
      open: ['page'],
    });
  });
  it('a text in the plan narrows who reads to nobody or leaves all', () => {
    const upstream = product(['wiki']);
    const link: Link = { upstream, downstream: { day: Berlin }, how: 'at', key: { day: field('day'), wiki: 'en' }, span: null };
    expect(downstreamKeys(link, { day: '2001-03-25', wiki: 'en' }).keys).toEqual([{ day: '2001-03-25' }]);
    expect(downstreamKeys(link, { day: '2001-03-25', wiki: 'de' })).toEqual({ keys: [], open: [] });
    const lookup: Link = { ...link, how: 'at', key: { day: '2001-03-25', wiki: 'en' } };
    expect(downstreamKeys(lookup, { day: '2001-03-25', wiki: 'en' })).toEqual({ keys: [{}], open: ['day'] });
  });
  it('nobody reads before the first partition of the pipeline', () => {
    const link: Link = {
      upstream: { day: { ...Berlin, start: '2001-01-01' } },
      downstream: { day: Berlin },
      how: 'at',
      key: { day: field('day') },
      span: null,
    };
    expect(downstreamKeys(link, { day: '2001-02-28' }).keys).toEqual([]);
    expect(downstreamKeys({ ...link, key: { day: field('day', -1) } }, { day: '2001-02-28' }).keys).toEqual([{ day: '2001-03-01' }]);
  });
});
