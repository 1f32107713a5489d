/** $partition of a run: its key, one field a dimension, and for time its bounds and neighbours. Server and testing kit. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { PartitionScope } from '../dsl/contract/run.ts';
import type { DimensionDef, Json } from '../dsl/plan/types.ts';
import { offsetField } from '../dsl/plan/partition-path.ts';
import { boundsOf, formatTime, isGrain, parseTime, shiftBy, shiftTime } from './time-grain.ts';

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
  const key: Record<string, string> = {};
  if (!/^\s*[\w.-]+\s*=/.test(text)) {
    const parts = text.split('|');
    if (parts.length > names.length)
      throw new HeddleError('HDL-BAD-KEY', {
        what: `"${text}" has ${parts.length} parts, and the key has ${names.length}: ${names.join(', ')}.`,
        fix: givenAs(names),
      });
    for (const [i, part] of parts.entries()) key[names[i] as string] = part;
    return checkKey(dimensions, key);
  }
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(0, at)).trim();
    if (at < 0) throw new HeddleError('HDL-BAD-KEY', { what: `"${part}" does not say of which dimension it is.`, fix: givenAs(names) });
    if (Object.hasOwn(key, name)) throw new HeddleError('HDL-BAD-KEY', { what: `The key names ${name} twice.`, fix: givenAs(names) });
    Object.defineProperty(key, name, { value: part.slice(at + 1).trim(), enumerable: true }); // also for a name such as __proto__
  }
  return checkKey(dimensions, key);
}

/** Each dimension present, known, and of its kind; in the dimensions' order, each value in its one form. Throws HDL-BAD-KEY. */
export function checkKey(dimensions: Dimensions, key: Key): Key {
  const names = Object.keys(dimensions);
  const fix = givenAs(names);
  for (const name of names)
    if (!Object.hasOwn(key, name) || typeof key[name] !== 'string') throw new HeddleError('HDL-BAD-KEY', { what: `The key names no ${name}.`, fix });
  for (const name of Object.keys(key))
    if (!Object.hasOwn(dimensions, name)) throw new HeddleError('HDL-BAD-KEY', { what: `There is no dimension ${name}.`, fix });
  return Object.fromEntries(Object.entries(dimensions).map(([name, def]) => [name, checkValue(name, def, key[name] as string)]));
}

/** A value of one dimension in its one form. Throws HDL-BAD-KEY. */
export function checkValue(name: string, def: DimensionDef, value: string): string {
  const where = `dimension ${name}`;
  if (isGrain(def.kind)) return formatTime(parseTime(name, def, value));
  if (def.kind === 'keys' && !def.keys?.includes(value)) {
    throw new HeddleError('HDL-BAD-KEY', { what: `"${value}" is no ${name}.`, where, fix: `Take one of ${def.keys?.join(', ') ?? ''}.` });
  }
  if (value === '') throw new HeddleError('HDL-BAD-KEY', { what: `The ${name} is empty.`, where, fix: `Give the ${name} a value.` });
  if (value.includes('|'))
    throw new HeddleError('HDL-BAD-KEY', { what: `The ${name} "${value}" holds a |, which stands between dimensions.`, where, fix: 'Use another sign.' });
  return value;
}
const givenAs = (names: readonly string[]): string => `Give ${names.map((name) => `${name}=...`).join(',')}.`;

/** `depth` neighbours each way, and those so many partitions away as the fields '-7', '+2'. Throws HDL-BAD-KEY. */
export function partitionScope(dimensions: Dimensions, given: Key, depth: number, offsets: readonly number[] = []): PartitionScope {
  const key = checkKey(dimensions, given);
  const scope = scopeOf(dimensions, key, depth);
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  if (!time || offsets.length === 0) return scope;
  const [name, { start: _start, ...endless }] = time;
  const part = parseTime(name, endless, key[name] as string);
  const far = offsets.map((by) => [offsetField(by), scopeOf(dimensions, { ...key, [name]: formatTime(shiftBy(part, by)) }, 0)] as const);
  return { ...scope, ...Object.fromEntries(far) };
}

function scopeOf(dimensions: Dimensions, key: Key, depth: number): PartitionScope {
  const scope: { [field: string]: Json | PartitionScope } & { key: string } = { key: formatKey(dimensions, key), ...key };
  const time = Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
  if (!time) return scope;
  const [name, def] = time;
  const { start: _start, ...endless } = def; // the neighbour of the first partition has bounds too
  const part = parseTime(name, endless, key[name] as string);
  Object.assign(scope, boundsOf(part));
  if (depth > 0) {
    scope['next'] = scopeOf(dimensions, { ...key, [name]: formatTime(shiftTime(part, 1)) }, depth - 1);
    scope['previous'] = scopeOf(dimensions, { ...key, [name]: formatTime(shiftTime(part, -1)) }, depth - 1);
  }
  return scope;
}
