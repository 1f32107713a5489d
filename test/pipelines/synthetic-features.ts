/** Feature rows of made-up days in which the origin and the hour decide who is late: enough for a real training. */
import { dayFeatures } from '../../activities/flights/day-features.ts';
import { DelayRates } from '../../activities/flights/delay-rates.ts';
import { countRoutes, type RouteCounts } from '../../activities/flights/route-counts.ts';
import { seededRandom } from '../../activities/training/seeded-order.ts';
import { columnsOf, DAY_S, dayName, dayStart, type Flight } from './synthetic-flights.ts';

const LATE = { ATL: 0.05, DEN: 0.15, ORD: 0.35, YAK: 0.5 } as const;
const AIRPORTS = Object.keys(LATE) as (keyof typeof LATE)[];

/** Flights of the day that begins at `day`. */
export function syntheticDay(day: number, flights: number): Flight[] {
  const random = seededRandom(day);
  return Array.from({ length: flights }, () => {
    const origin = AIRPORTS[Math.floor(random() * 4)]!;
    const hour = 5 + Math.floor(random() * 18);
    const late = random() < LATE[origin] * (hour / 14);
    return { at: day + hour * 3600, delay: late ? 40 : 0, origin, destination: AIRPORTS[Math.floor(random() * 4)]! };
  });
}
/** Rows of flights.features and flights.counts by day, for the days [before - days, before). */
export function syntheticData(before: string, days: number, flightsADay: number): Record<'flights.features' | 'flights.counts', Record<string, object[]>> {
  const counts = new Map<number, RouteCounts>();
  const out: ReturnType<typeof syntheticData> = { 'flights.features': {}, 'flights.counts': {} };
  for (let day = dayStart(before) - days * DAY_S; day < dayStart(before); day += DAY_S) {
    const flights = columnsOf(syntheticDay(day, flightsADay));
    const rates = new DelayRates(day);
    for (let back = 1; back <= 28; back++) {
      const table = counts.get(day - back * DAY_S);
      if (table) rates.add({ numRows: table.numRows, columns: table });
    }
    const { numRows: routes, ...table } = countRoutes(flights, day);
    counts.set(day, { numRows: routes, ...table });
    const { numRows, columns } = dayFeatures(flights, rates);
    out['flights.counts'][dayName(day)] = rowsOf(routes, table);
    out['flights.features'][dayName(day)] = rowsOf(numRows, columns);
  }
  return out;
}
const rowsOf = (numRows: number, columns: Readonly<Record<string, ArrayLike<unknown>>>): object[] =>
  Array.from({ length: numRows }, (_, i) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]])));
