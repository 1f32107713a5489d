/** The model's input: names and order of the features, and how one is filled. Used alike by features, scoring and prewarming. Pure. */
import type { Rates } from './delay-rates.ts';

export const FEATURES = [
  'hourSin',
  'hourCos',
  'weekdaySin',
  'weekdayCos',
  'logDistance',
  'origin7',
  'origin28',
  'destination7',
  'destination28',
  'route7',
  'route28',
] as const;
export type Feature = (typeof FEATURES)[number];

export interface FlightTime {
  /** 0 to 23. */
  readonly hour: number;
  /** 0 (Monday) to 6. */
  readonly weekday: number;
}
/** `at`: seconds since the epoch. 1970-01-01 was a Thursday. */
export const timeOf = (at: number): FlightTime => ({ hour: Math.floor(at / 3600) % 24, weekday: (Math.floor(at / 86_400) + 3) % 7 });

/** Fills out[offset...offset + 11]. */
export function fillFeatures(out: Float32Array, offset: number, { hour, weekday }: FlightTime, miles: number, rates: Rates): void {
  const hourAngle = (2 * Math.PI * hour) / 24;
  const weekdayAngle = (2 * Math.PI * weekday) / 7;
  out[offset] = Math.sin(hourAngle);
  out[offset + 1] = Math.cos(hourAngle);
  out[offset + 2] = Math.sin(weekdayAngle);
  out[offset + 3] = Math.cos(weekdayAngle);
  out[offset + 4] = Math.log(Math.max(1, miles));
  out[offset + 5] = rates.origin7;
  out[offset + 6] = rates.origin28;
  out[offset + 7] = rates.destination7;
  out[offset + 8] = rates.destination28;
  out[offset + 9] = rates.route7;
  out[offset + 10] = rates.route28;
}
