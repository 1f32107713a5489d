/** The partitions that a slice names: one, a window up to a key, those before it, or all that agree. Server and testing kit. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';
import { checkKey, type Dimensions, type Key } from './partition-scope.ts';
import { formatTime, isGrain, parseTime, shiftTime, startOf, type TimePartition } from './time-grain.ts';

export type How = 'at' | 'window' | 'before' | 'where';

/**
 * In the order of time. `window` includes the key itself, `before` does not; neither goes before the dimension's start.
 * `where` needs dimensions that are listed (fixed keys) beside those given. Throws HDL-BAD-KEY, HDL-BAD-SPAN.
 */
export function keysOf(dimensions: Dimensions, how: How, given: Key, span: string | null = null): Key[] {
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => dimensions[name])); // a wider key may be given
  if (how === 'where') return product(dimensions, own);
  const key = checkKey(dimensions, own);
  if (how === 'at') return [key];
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  if (!time) throw new HeddleError('HDL-BAD-SPAN', { what: 'A window needs a dimension of time, and this dataset has none.' });
  const [name, def] = time;
  const last = parseTime(name, def, key[name] as string);
  const end = how === 'window' ? shiftTime(last, 1) : last;
  const first = back(end, spanOf(span ?? ''), def);
  const keys: Key[] = [];
  for (let part = first; part.at.toMillis() < end.at.toMillis(); part = shiftTime(part, 1)) keys.push({ ...key, [name]: formatTime(part) });
  return keys;
}

/** All partitions from one key to another, both included. */
export function keysBetween(dimensions: Dimensions, from: Key, to: Key): Key[] {
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  if (!time) throw new HeddleError('HDL-BAD-SPAN', { what: 'A range needs a dimension of time, and there is none.' });
  const [name, def] = time;
  const last = parseTime(name, def, to[name] as string);
  const keys: Key[] = [];
  for (let part = parseTime(name, def, from[name] as string); part.at.toMillis() <= last.at.toMillis(); part = shiftTime(part, 1))
    keys.push({ ...from, [name]: formatTime(part) });
  return keys;
}

interface Span {
  readonly count: number;
  readonly unit: 'hours' | 'days' | 'weeks' | 'months';
}
const UNITS: Readonly<Record<string, Span['unit']>> = { h: 'hours', d: 'days', w: 'weeks', mo: 'months' };
function spanOf(text: string): Span {
  const [, count, unit] = /^(\d+)(h|d|w|mo)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined || Number(count) < 1)
    throw new HeddleError('HDL-BAD-SPAN', { what: `"${text}" is no span of time.`, fix: 'Write it as 12h, 28d, 4w or 3mo.' });
  return { count: Number(count), unit: UNITS[unit] as Span['unit'] };
}

/** The first partition of the span that ends at `end`, not before the dimension's start. */
function back(end: TimePartition, span: Span, def: DimensionDef): TimePartition {
  const at = end.at.minus({ [span.unit]: span.count });
  const start = startOf(def);
  const bounded = at.toMillis() < start.toMillis() ? start : at;
  return { grain: end.grain, at: bounded.startOf(end.grain === 'week' ? 'week' : end.grain) };
}

function product(dimensions: Dimensions, fixed: Key): Key[] {
  let keys: Key[] = [{}];
  for (const [name, def] of Object.entries(dimensions)) {
    const value = fixed[name];
    const values = value === undefined ? def.keys : [value];
    if (!values) throw new HeddleError('HDL-BAD-KEY', { what: `where() leaves ${name} open, and its keys are not listed.`, fix: `Name the ${name}.` });
    keys = keys.flatMap((key) => values.map((one) => ({ ...key, [name]: one })));
  }
  return keys.map((key) => checkKey(dimensions, key));
}
