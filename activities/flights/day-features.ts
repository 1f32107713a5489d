/** A day's flights and the rates before it -> one feature row a flight. Pure; worker side. */
import { AsOfError, type DelayRates, type Rates } from './delay-rates.ts';
import { fillFeatures, FEATURES, timeOf, type Feature } from './feature-vector.ts';
import { LATE_AFTER_MIN, type FlightColumns } from './flight-columns.ts';

export interface DayFeatures {
  readonly numRows: number;
  readonly columns: {
    /** Number of the flight within its day: with the day, the row's key. */
    readonly flight: Int32Array;
    /** Seconds since the epoch. */
    readonly at: Int32Array;
    readonly origin: string[];
    readonly destination: string[];
    /** The label: 1 when the flight was more than 15 minutes late. Known a day after. */
    readonly late: Int32Array;
  } & { readonly [F in Feature]: Float32Array };
}

/** `rates` must be as of the first second of the day; a flight outside of the day throws an AsOfError. */
export function dayFeatures(flights: FlightColumns, rates: DelayRates): DayFeatures {
  const { numRows } = flights;
  const matrix = new Float32Array(numRows * FEATURES.length);
  const late = new Int32Array(numRows);
  const byRoute = new Map<string, Rates>();
  for (let i = 0; i < numRows; i++) {
    const at = flights.at[i]!;
    if (at < rates.asOf || at >= rates.asOf + 86_400) throw new AsOfError(`a flight at ${new Date(at * 1000).toISOString()}`, rates.asOf);
    const origin = flights.origin[i]!;
    const destination = flights.destination[i]!;
    const route = `${origin}-${destination}`;
    let known = byRoute.get(route);
    if (!known) byRoute.set(route, (known = rates.of(origin, destination)));
    fillFeatures(matrix, i * FEATURES.length, timeOf(at), flights.distance[i]!, known);
    late[i] = flights.delay[i]! > LATE_AFTER_MIN ? 1 : 0;
  }
  const features = Object.fromEntries(FEATURES.map((name, f) => [name, column(matrix, f, numRows)])) as { [F in Feature]: Float32Array };
  return {
    numRows,
    columns: {
      flight: Int32Array.from({ length: numRows }, (_, i) => i),
      at: flights.at,
      origin: flights.origin,
      destination: flights.destination,
      late,
      ...features,
    },
  };
}
function column(matrix: Float32Array, f: number, numRows: number): Float32Array {
  const out = new Float32Array(numRows);
  for (let i = 0; i < numRows; i++) out[i] = matrix[i * FEATURES.length + f]!;
  return out;
}
