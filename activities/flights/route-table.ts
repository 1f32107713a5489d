/**
 * Every route that flew in the last 28 days, with its rates as of a time: the bounded universe that prewarming scores, one
 * key a route, weekday and hour. Pure; worker side.
 */
import type { DelayRates, Rates } from './delay-rates.ts';
import { FEATURES, fillFeatures } from './feature-vector.ts';

export interface RouteRow {
  /** 'ATL-ORD'. */
  readonly route: string;
  /** Miles. */
  readonly distance: number;
  /** Flights in the 28 days: its demand. */
  readonly flights: number;
  readonly rates: Rates;
}
/** Keys of a route: 7 weekdays x 24 hours. */
export const KEYS_PER_ROUTE = 7 * 24;

/** Sorted by route. */
export const routeTable = (rates: DelayRates): RouteRow[] =>
  [...rates.routes]
    .map(([route, { origin, destination, distance, flights28 }]) => ({ route, distance, flights: flights28, rates: rates.of(origin, destination) }))
    .sort((a, b) => (a.route < b.route ? -1 : 1));

/** 'ATL-ORD/0/07': route, weekday (0 = Monday), hour. Sorts by route, weekday, hour. */
export const predictionKey = (route: string, weekday: number, hour: number): string => `${route}/${weekday}/${String(hour).padStart(2, '0')}`;

/** Keys in ascending order and their feature rows. */
export function universeOf(routes: readonly RouteRow[]): { readonly keys: string[]; readonly x: Float32Array } {
  const keys: string[] = [];
  const x = new Float32Array(routes.length * KEYS_PER_ROUTE * FEATURES.length);
  for (const { route, distance, rates } of routes) {
    for (let weekday = 0; weekday < 7; weekday++) {
      for (let hour = 0; hour < 24; hour++) {
        fillFeatures(x, keys.length * FEATURES.length, { hour, weekday }, distance, rates);
        keys.push(predictionKey(route, weekday, hour));
      }
    }
  }
  return { keys, x };
}

/** Reads what JSON.stringify wrote of a route table. */
export const parseRoutes = (bytes: Uint8Array): RouteRow[] => JSON.parse(new TextDecoder().decode(bytes)) as RouteRow[]; // written by routeTable alone
