/**
 * Walks over the partitions of a product, one after the other: none is held that has not been asked for, so a range of a million
 * partitions costs no memory. Pure.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { Dimensions, Key } from './partition-scope.ts';
import { formatTime, isGrain, parseTime, shiftTime, type TimePartition } from './time-grain.ts';

/**
 * From one key to another, both included; of the other dimensions all listed keys. The first dimension of time goes slowest, oldest or newest
 * first. Dynamic dimensions take their values from `dynamic`. Throws HDL-BAD-KEY, and HDL-BAD-SPAN for a range that ends before it begins.
 */
export function* iterateKeys(
  dimensions: Dimensions,
  range: { readonly from: string; readonly to: string },
  order: 'oldest' | 'newest' = 'oldest',
  dynamic: Readonly<Record<string, readonly string[]>> = {},
): Generator<Key> {
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  const others = Object.entries(dimensions).filter(([name]) => name !== time?.[0]);
  const values = others.map(([name, { keys }]) => [name, keys ?? dynamic[name] ?? openDimension(name)] as const);
  if (!time) return yield* productOf(values, {}, dimensions);
  const [name, def] = time;
  const [first, last] = [parseTime(name, def, range.from), parseTime(name, def, range.to)];
  if (first.startMs > last.startMs)
    throw new HeddleError('HDL-BAD-SPAN', { what: `The range ends (${range.to}) before it begins (${range.from}).`, fix: 'Give the earlier key first.' });
  const [begin, end, by] = order === 'oldest' ? ([first, last, 1] as const) : ([last, first, -1] as const);
  for (let part: TimePartition = begin; ; part = shiftTime(part, by)) {
    yield* productOf(values, { [name]: formatTime(part) }, dimensions);
    if (part.startMs === end.startMs) return;
  }
}

function* productOf(values: readonly (readonly [string, readonly string[]])[], given: Key, dimensions: Dimensions): Generator<Key> {
  const [own, ...rest] = values;
  if (!own) return yield Object.fromEntries(Object.keys(dimensions).map((name) => [name, given[name] ?? '']));
  for (const value of own[1]) yield* productOf(rest, { ...given, [own[0]]: value }, dimensions);
}

function openDimension(name: string): never {
  throw new HeddleError('HDL-BAD-KEY', { what: `The keys of ${name} are not known beforehand.`, fix: `Name the values of ${name}.` });
}
