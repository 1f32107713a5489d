/** Features know nothing that was not known on the morning of their day. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayFeatures } from '../../activities/flights/day-features.ts';
import { AsOfError, DelayRates } from '../../activities/flights/delay-rates.ts';
import { FEATURES, timeOf } from '../../activities/flights/feature-vector.ts';
import { countRoutes } from '../../activities/flights/route-counts.ts';
import { columnsOf, DAY_S, dayStart, type Flight } from './synthetic-flights.ts';

const DAY = dayStart('2001-03-01');
const counts = (flights: readonly Flight[], day: number) => {
  const table = countRoutes(columnsOf(flights), day);
  return { numRows: table.numRows, columns: table };
};
/** Features of the day by way of the counts of the days before it, as the pipeline computes them. */
function featuresOf(flights: readonly Flight[], day: number) {
  const rates = new DelayRates(day);
  for (let back = 40; back >= 1; back--) {
    const from = day - back * DAY_S;
    rates.add(
      counts(
        flights.filter(({ at }) => at >= from && at < from + DAY_S),
        from,
      ),
    );
  }
  return dayFeatures(columnsOf(flights.filter(({ at }) => at >= day && at < day + DAY_S)), rates).columns;
}
const airport = fc.constantFrom('ATL', 'ORD', 'DEN', 'YAK');
const flight = (from: number, end: number): fc.Arbitrary<Flight> =>
  fc.record({ at: fc.integer({ min: from, max: end - 1 }), delay: fc.integer({ min: -30, max: 300 }), origin: airport, destination: airport });

describe('features of a day', () => {
  it('do not change when delays of that day or later ones change', () => {
    const past = fc.array(flight(DAY - 35 * DAY_S, DAY), { maxLength: 60 });
    const today = fc.array(flight(DAY, DAY + DAY_S), { minLength: 1, maxLength: 20 });
    const later = fc.array(flight(DAY + DAY_S, DAY + 9 * DAY_S), { maxLength: 30 });
    fc.assert(
      fc.property(past, today, later, fc.integer({ min: 0, max: 500 }), (before, own, after, shift) => {
        const known = featuresOf([...before, ...own, ...after], DAY);
        const changed = featuresOf([...before, ...own.map((one) => ({ ...one, delay: shift - one.delay }))], DAY);
        for (const name of FEATURES) expect(changed[name]).toEqual(known[name]);
      }),
      { numRuns: 100 },
    );
  });

  it('change when a flight of the window before was late', () => {
    const own = { at: DAY + 3600, delay: 0, origin: 'ATL', destination: 'ORD' };
    const on = (delay: number): Flight => ({ at: DAY - 3 * DAY_S, delay, origin: 'ATL', destination: 'DEN' });
    expect(featuresOf([own, on(60)], DAY).origin7[0]).toBeGreaterThan(featuresOf([own, on(0)], DAY).origin7[0]!);
  });

  it('leave out what is more than 28 days old, and keep it in the long window alone after 7', () => {
    const own = { at: DAY + 3600, delay: 0, origin: 'ATL', destination: 'ORD' };
    const at = (days: number) => featuresOf([own, { at: DAY - days * DAY_S, delay: 60, origin: 'ATL', destination: 'DEN' }], DAY);
    const none = featuresOf([own], DAY);
    expect(at(29).origin28).toEqual(none.origin28);
    expect(at(28).origin28[0]).toBeGreaterThan(none.origin28[0]!);
    expect(at(8).origin7[0]! - at(8).origin28[0]!).toBeCloseTo(0, 6); // the short window falls back on the long one
  });

  it('refuse a count dated at the as-of time', () => {
    const rates = new DelayRates(DAY);
    const own = [{ at: DAY + 60, delay: 0, origin: 'ATL', destination: 'ORD' }];
    expect(() => rates.add(counts(own, DAY))).toThrow(AsOfError);
    expect(() => rates.add(counts(own, DAY))).toThrow(/2001-03-01T00:00:00.000Z is not before the as-of time/);
  });

  it('refuse a flight of another day', () => {
    const flights = columnsOf([{ at: DAY + DAY_S, delay: 0, origin: 'ATL', destination: 'ORD' }]);
    expect(() => dayFeatures(flights, new DelayRates(DAY))).toThrow(AsOfError);
  });
});

describe('a flight', () => {
  it('has Monday as weekday 0', () => {
    expect(timeOf(dayStart('2001-03-05') + 7 * 3600)).toEqual({ hour: 7, weekday: 0 });
    expect(timeOf(dayStart('2001-03-04') + 23 * 3600)).toEqual({ hour: 23, weekday: 6 });
  });
});
