/** The partitions that a slice names: one, a window up to a key, those before it, or all that agree. Server and testing kit. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';
import { checkKey, formatKey, type Dimensions, type Key } from './partition-scope.ts';
import { formatTime, isGrain, parseTime, shiftTime, startOf, type TimePartition } from './time-grain.ts';
import { spanStart } from './time-span.ts';

export type How = 'at' | 'window' | 'before' | 'where';

/**
 * In the order of time. `window` includes the key itself, `before` does not; neither goes before the dimension's start.
 * `where` needs dimensions that are listed (fixed keys) beside those given. Throws HDL-BAD-KEY, HDL-BAD-SPAN.
 */
export function keysOf(dimensions: Dimensions, how: How, given: Key, span: string | null = null): Key[] {
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(dimensions, name))); // a wider key may be given
  if (how === 'where') return product(dimensions, own);
  const key = checkKey(dimensions, own);
  if (how === 'at') return [key];
  const [name, def] = timeOf(dimensions, 'A window');
  const last = parseTime(name, def, key[name] as string);
  const end = how === 'window' ? shiftTime(last, 1) : last;
  return keysFrom(spanStart(end, span ?? '', startOf(def).startMs), end, key, name);
}

/** All partitions from one key to another, both included; the other dimensions must agree. Throws HDL-BAD-KEY, HDL-BAD-SPAN. */
export function keysBetween(dimensions: Dimensions, from: Key, to: Key): Key[] {
  const [name, def] = timeOf(dimensions, 'A range');
  const [first, last] = [checkKey(dimensions, from), checkKey(dimensions, to)];
  const texts = [formatKey(dimensions, first), formatKey(dimensions, last)];
  const other = Object.keys(dimensions).find((dimension) => dimension !== name && first[dimension] !== last[dimension]);
  if (other !== undefined) {
    throw new HeddleError('HDL-BAD-SPAN', {
      what: `The range from ${texts[0]} to ${texts[1]} names two different ${other}.`,
      fix: `Give both ends the same ${other}, and take one range for each.`,
    });
  }
  const [start, end] = [parseTime(name, def, first[name] as string), shiftTime(parseTime(name, def, last[name] as string), 1)];
  if (start.startMs >= end.startMs)
    throw new HeddleError('HDL-BAD-SPAN', { what: `The range ends (${texts[1]}) before it begins (${texts[0]}).`, fix: 'Give the earlier key first.' });
  return keysFrom(start, end, first, name);
}

function keysFrom(first: TimePartition, end: TimePartition, key: Key, name: string): Key[] {
  const keys: Key[] = [];
  for (let part = first; part.startMs < end.startMs; part = shiftTime(part, 1)) keys.push({ ...key, [name]: formatTime(part) });
  return keys;
}

function timeOf(dimensions: Dimensions, what: string): [string, DimensionDef] {
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  if (!time)
    throw new HeddleError('HDL-BAD-SPAN', {
      what: `${what} needs a dimension of time, and this dataset has none.`,
      fix: 'Name the partition by at(...), or take all by where({}).',
    });
  return time;
}

function product(dimensions: Dimensions, fixed: Key): Key[] {
  let keys: Key[] = [{}];
  for (const [name, def] of Object.entries(dimensions)) {
    const value = Object.hasOwn(fixed, name) ? fixed[name] : undefined;
    const values = value === undefined ? def.keys : [value];
    if (!values) throw new HeddleError('HDL-BAD-KEY', { what: `where() leaves ${name} open, and its keys are not listed.`, fix: `Name the ${name}.` });
    keys = keys.flatMap((key) => values.map((one) => ({ ...key, [name]: one })));
  }
  return keys.map((key) => checkKey(dimensions, key));
}
