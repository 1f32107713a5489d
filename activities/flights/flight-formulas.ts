/** Features of the flights file by formulas of single columns: hour, weekday, distance, airports. bench/python/score.py computes the same. Scoring threads import this. */
import type { Formulas } from '../scoring/formulas.ts';

const seconds = (micros: number | string): number => Math.floor(Number(micros) / 1_000_000);
const hourAngle = (micros: number | string): number => (2 * Math.PI * (Math.floor(seconds(micros) / 3600) % 24)) / 24;
const dayAngle = (micros: number | string): number => (2 * Math.PI * ((Math.floor(seconds(micros) / 86_400) + 3) % 7)) / 7;

/** FNV-1a of the text's bytes, into 0..1. */
function code(text: number | string): number {
  let hash = 2_166_136_261;
  for (const byte of Buffer.from(String(text))) hash = Math.imul(hash ^ byte, 16_777_619) >>> 0;
  return (hash % 1024) / 1024;
}

export const flightFormulas: Formulas = [
  { feature: 'hourSin', column: 'date', of: (date) => Math.sin(hourAngle(date)) },
  { feature: 'hourCos', column: 'date', of: (date) => Math.cos(hourAngle(date)) },
  { feature: 'daySin', column: 'date', of: (date) => Math.sin(dayAngle(date)) },
  { feature: 'dayCos', column: 'date', of: (date) => Math.cos(dayAngle(date)) },
  { feature: 'logDistance', column: 'distance', of: (miles) => Math.log(Math.max(1, Number(miles))) },
  { feature: 'origin', column: 'origin', of: code },
  { feature: 'destination', column: 'destination', of: code },
];
