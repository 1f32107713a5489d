/** Small made-up flights for tests: a few airports, some of them always late. */
import type { FlightColumns } from '../../activities/flights/flight-columns.ts';

export const DAY_S = 86_400;
export const dayStart = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 1000;
export const dayName = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

export interface Flight {
  readonly at: number;
  readonly delay: number;
  readonly origin: string;
  readonly destination: string;
}
export function columnsOf(flights: readonly Flight[]): FlightColumns {
  const sorted = flights.toSorted((a, b) => a.at - b.at);
  return {
    numRows: sorted.length,
    at: Int32Array.from(sorted, ({ at }) => at),
    delay: Int32Array.from(sorted, ({ delay }) => delay),
    distance: Int32Array.from(sorted, ({ origin, destination }) => 100 + Math.abs(origin.charCodeAt(0) - destination.charCodeAt(0)) * 100),
    origin: sorted.map(({ origin }) => origin),
    destination: sorted.map(({ destination }) => destination),
  };
}
