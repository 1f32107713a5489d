/**
 * The partitions that a slice names: one, a window up to a key, those before it, all within a stretch of time, or all that agree.
 * The one place that says so: pins and plans both ask here. Server and testing kit.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';
import { checkKey, checkValue, formatKey, type Dimensions, type Key } from './partition-scope.ts';
import { formatTime, isGrain, partAt, parseTime, shiftTime, startOf, type TimePartition } from './time-grain.ts';
import { spanStart } from './time-span.ts';

export type How = 'at' | 'window' | 'before' | 'where' | 'within';

/** Keys without the dimensions `open`, which stand for every value that is there: of dynamic keys, and of time where none is named. */
export interface KeySet {
  readonly keys: readonly Key[];
  readonly open: readonly string[];
}

/** As keysOf, also where dimensions stay open. */
export function keySetOf(dimensions: Dimensions, how: How, given: Key, span: string | null = null): KeySet {
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(dimensions, name))); // a wider key may be given
  if (how === 'where') return product(dimensions, own, {});
  if (how === 'within') {
    const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
    if (!time) return product(dimensions, own, {});
    const { [time[0]]: between, ...others } = own;
    return product(dimensions, others, { [time[0]]: timesWithin(time[1], between ?? '') });
  }
  return { keys: keysAround(dimensions, how, own, span), open: [] };
}

/**
 * In the order of time. `window` includes the key itself, `before` does not; neither goes before the dimension's start.
 * `within` takes a stretch of time ('START/END', instants of ISO 8601) in the place of the dimension of time, and gives every
 * partition that has a moment in common with it. `where` and `within` need dimensions that are listed (fixed keys) beside those
 * given. Throws HDL-BAD-KEY, HDL-BAD-SPAN.
 */
export function keysOf(dimensions: Dimensions, how: How, given: Key, span: string | null = null): Key[] {
  const { keys, open } = keySetOf(dimensions, how, given, span);
  const name = open[0];
  if (name !== undefined)
    throw new HeddleError('HDL-BAD-KEY', { what: `${how}() leaves ${name} open, and its keys are not listed.`, fix: `Name the ${name}.` });
  return [...keys];
}

function keysAround(dimensions: Dimensions, how: 'at' | 'window' | 'before', own: Key, span: string | null): Key[] {
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

/** Every partition that has a moment in common with [start, end). */
function timesWithin(def: DimensionDef, between: string): string[] {
  const [from, to] = between.split('/').map((text) => Date.parse(text));
  if (from === undefined || to === undefined || !(from < to))
    throw new HeddleError('HDL-BAD-SPAN', {
      what: `"${between}" is no stretch of time.`,
      fix: 'Give within() the partition of a pipeline that has a dimension of time.',
    });
  const first = startOf(def);
  const texts: string[] = [];
  for (let part = partAt(first, Math.max(from, first.startMs)); part.startMs < to; part = shiftTime(part, 1)) texts.push(formatTime(part));
  return texts;
}

/** In the order of the dimensions, the first varying slowest; `times` are checked already. */
function product(dimensions: Dimensions, fixed: Key, times: Readonly<Record<string, readonly string[]>>): KeySet {
  let keys: Key[] = [{}];
  const open: string[] = [];
  for (const [name, def] of Object.entries(dimensions)) {
    const values = times[name] ?? (Object.hasOwn(fixed, name) ? [checkValue(name, def, fixed[name] as string)] : def.keys);
    if (values) keys = keys.flatMap((key) => values.map((one) => ({ ...key, [name]: one })));
    else open.push(name);
  }
  return { keys, open };
}
