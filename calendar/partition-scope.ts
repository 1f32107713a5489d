/** $partition of a run: its key, one field a dimension, and for time its bounds and neighbours. Server and testing kit. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { PartitionScope } from '../dsl/contract/run.ts';
import type { DimensionDef, Json } from '../dsl/plan/types.ts';
import { boundsOf, formatTime, isGrain, parseTime, shiftTime } from './time-grain.ts';

export type Dimensions = Readonly<Record<string, DimensionDef>>;
export type Key = Readonly<Record<string, string>>;

/** '2001-03-01' or '2001-03-01|en', in the order of the dimensions. */
export const formatKey = (dimensions: Dimensions, key: Key): string =>
  Object.keys(dimensions)
    .map((name) => key[name] ?? '')
    .join('|');

/** From the text of the command line: '2001-03-01', '2001-03-01|en' or 'day=2001-03-01,wiki=en'. Throws HDL-BAD-KEY. */
export function parseKey(dimensions: Dimensions, text: string): Key {
  const names = Object.keys(dimensions);
  const named = text.includes('=');
  const parts = text.split(named ? ',' : '|');
  const key = Object.fromEntries(
    parts.map((part, i) =>
      named ? [part.slice(0, part.indexOf('=')).trim(), part.slice(part.indexOf('=') + 1).trim()] : [names[i] ?? `dimension ${i + 1}`, part],
    ),
  );
  return checkKey(dimensions, key);
}

/** Each dimension present, known, and of its kind. Throws HDL-BAD-KEY. */
export function checkKey(dimensions: Dimensions, key: Key): Key {
  const names = Object.keys(dimensions);
  const fix = `Give ${names.map((name) => `${name}=...`).join(',')}.`;
  for (const name of names) if (key[name] === undefined) throw new HeddleError('HDL-BAD-KEY', { what: `The key names no ${name}.`, fix });
  for (const name of Object.keys(key)) if (!dimensions[name]) throw new HeddleError('HDL-BAD-KEY', { what: `There is no dimension ${name}.`, fix });
  for (const name of names) {
    const def = dimensions[name] as DimensionDef;
    const value = key[name] as string;
    if (isGrain(def.kind)) parseTime(name, def, value);
    else if (def.kind === 'keys' && !def.keys?.includes(value)) {
      throw new HeddleError('HDL-BAD-KEY', {
        what: `"${value}" is no ${name}.`,
        where: `dimension ${name}`,
        fix: `Take one of ${def.keys?.join(', ') ?? ''}.`,
      });
    } else if (value === '') throw new HeddleError('HDL-BAD-KEY', { what: `The ${name} is empty.`, fix });
  }
  return Object.fromEntries(names.map((name) => [name, key[name] as string]));
}

/** `depth` neighbours each way. Throws HDL-BAD-KEY. */
export function partitionScope(dimensions: Dimensions, given: Key, depth: number): PartitionScope {
  const key = checkKey(dimensions, given);
  return scopeOf(dimensions, key, depth);
}

function scopeOf(dimensions: Dimensions, key: Key, depth: number): PartitionScope {
  const scope: { [field: string]: Json | PartitionScope } & { key: string } = { key: formatKey(dimensions, key), ...key };
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  if (!time) return scope;
  const [name, def] = time;
  const part = parseTime(name, { ...def, start: '0001-01-01' }, key[name] as string);
  Object.assign(scope, boundsOf(part));
  if (depth > 0) {
    scope['next'] = scopeOf(dimensions, { ...key, [name]: formatTime(shiftTime(part, 1)) }, depth - 1);
    scope['previous'] = scopeOf(dimensions, { ...key, [name]: formatTime(shiftTime(part, -1)) }, depth - 1);
  }
  return scope;
}
