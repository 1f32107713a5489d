/**
 * A day's flights summed by route: what the rolling delay rates are made of. 4,000 rows a day instead of 16,500, so that a
 * window of 28 days is a sum of small tables. Pure; worker side.
 */
import { LATE_AFTER_MIN, type FlightColumns } from './flight-columns.ts';

/** One row a route, sorted by origin, then destination. */
export interface RouteCounts {
  readonly numRows: number;
  /** First second of the day, since the epoch. */
  readonly day: Int32Array;
  readonly origin: string[];
  readonly destination: string[];
  readonly flights: Int32Array;
  readonly late: Int32Array;
  /** Miles. */
  readonly distance: Int32Array;
}

/** `dayStart`: seconds since the epoch. */
export function countRoutes(flights: FlightColumns, dayStart: number): RouteCounts {
  const indexOf = new Map<string, number>();
  const first: number[] = [];
  const total: number[] = [];
  const late: number[] = [];
  for (let i = 0; i < flights.numRows; i++) {
    const route = `${flights.origin[i]}-${flights.destination[i]}`;
    let index = indexOf.get(route);
    if (index === undefined) {
      index = first.length;
      indexOf.set(route, index);
      first.push(i);
      total.push(0);
      late.push(0);
    }
    total[index]!++;
    if (flights.delay[i]! > LATE_AFTER_MIN) late[index]!++;
  }
  const order = [...indexOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, index]) => index);
  const row = (index: number): number => first[index]!;
  return {
    numRows: order.length,
    day: new Int32Array(order.length).fill(dayStart),
    origin: order.map((index) => flights.origin[row(index)]!),
    destination: order.map((index) => flights.destination[row(index)]!),
    flights: Int32Array.from(order, (index) => total[index]!),
    late: Int32Array.from(order, (index) => late[index]!),
    distance: Int32Array.from(order, (index) => flights.distance[row(index)]!),
  };
}
