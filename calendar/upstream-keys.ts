/**
 * Which partitions a pipeline's partition reads of a dataset, and the inverse: which partitions of the pipeline read a given one.
 * Both are exact, and take as long as their result is long. For pins, plans, late data and what becomes stale. Pure.
 */
import { partitionStep } from '../dsl/plan/partition-path.ts';
import type { Expr, JsonObject } from '../dsl/plan/types.ts';
import { keySetOf, type How, type KeySet } from './keys-of.ts';
import { checkValue, formatKey, parseKey, partitionScope, type Dimensions, type Key } from './partition-scope.ts';
import { boundsOf, endOf, formatTime, isGrain, parseTime, partAt, shiftBy, shiftTime, startOf, type TimePartition } from './time-grain.ts';
import { spanStart } from './time-span.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';

/** A slice that a pipeline reads, as its plan has it. */
export interface Link {
  /** Dimensions of the dataset. */
  readonly upstream: Dimensions;
  /** Dimensions of the pipeline. */
  readonly downstream: Dimensions;
  readonly how: How;
  /** By dimension of the dataset: a text, or a ref to a field of $partition. */
  readonly key: Readonly<Record<string, Expr>>;
  readonly span: string | null;
}

/** What the partition `key` of the pipeline reads. Throws HDL-BAD-KEY, HDL-BAD-SPAN, as the pin of its run does. */
export function upstreamKeys(link: Link, key: Key): KeySet {
  return keySetOf(link.upstream, link.how, askedKey(link, key), link.span);
}
/** The key that the slice names for the partition `key` of the pipeline, by dimension of the dataset: what keySetOf takes. */
export function askedKey(link: Link, key: Key): Key {
  return Object.fromEntries(Object.entries(link.key).map(([name, expr]) => [name, valueOf(link, key, sourceOf(expr))]));
}

/** The pipeline's partitions that read the partition `key` of the dataset: key is in upstreamKeys of each of them, and of no other. */
export function downstreamKeys(link: Link, key: Key): KeySet {
  const { upstream, downstream, how } = link;
  const time = timeOf(upstream)?.[0];
  let found: readonly Key[] = [{}];
  for (const [name, text] of Object.entries(key)) {
    const expr = link.key[name];
    if (expr === undefined || !Object.hasOwn(upstream, name)) continue; // all of this dimension are read
    const source = sourceOf(expr);
    const readers = name === time && how === 'within' ? overlapping(link, name, text, source) : readersOf(link, name, text, source, name === time);
    found = joined(found, readers);
  }
  if (found.length === 0) return { keys: [], open: [] };
  const open: string[] = [];
  for (const [name, def] of Object.entries(downstream)) {
    if (found[0] && Object.hasOwn(found[0], name)) continue;
    const { keys } = def;
    if (keys) found = found.flatMap((one) => keys.map((value) => ({ ...one, [name]: value })));
    else open.push(name);
  }
  const names = Object.keys(downstream).filter((name) => !open.includes(name));
  return { keys: found.map((one) => Object.fromEntries(names.map((name) => [name, one[name] ?? '']))), open };
}

/** Where a value of the key comes from: the same for all, or a field of a partition so many away. */
type Source = { readonly text: string } | { readonly by: number; readonly field: string };

function sourceOf(expr: Expr): Source {
  if (typeof expr === 'string') return { text: expr };
  const object = expr as JsonObject;
  const between = object['$text'] as readonly Expr[] | undefined; // 'START/END' of within()
  const ref = ((between ? between.find((part) => typeof part === 'object') : object) as JsonObject)['$ref'] as readonly string[];
  const { by, field = '' } = partitionStep(ref);
  return { by, field: between ? BOUNDS : field };
}
/** Stands for both bounds of a partition. */
const BOUNDS = 'start/end';

function valueOf({ downstream }: Link, key: Key, source: Source): string {
  if ('text' in source) return source.text;
  const { by, field } = source;
  if (by === 0 && Object.hasOwn(downstream, field)) return key[field] ?? '';
  const scope = by === 0 ? partitionScope(downstream, key, 0) : shifted(downstream, key, by);
  const value = field === BOUNDS ? `${String(scope['start'])}/${String(scope['end'])}` : scope[field];
  return typeof value === 'string' ? value : '';
}
function shifted(dimensions: Dimensions, key: Key, by: number): Readonly<Record<string, unknown>> {
  const time = timeOf(dimensions);
  if (!time) return {};
  const [name, def] = time;
  const part = shiftBy(parseTime(name, endless(def), key[name] ?? ''), by);
  const moved = { ...key, [name]: formatTime(part) };
  return { ...moved, key: formatKey(dimensions, moved), ...boundsOf(part) };
}

/** Partial keys of the pipeline for which this dimension of the slice holds the value `text`. */
function readersOf(link: Link, name: string, text: string, source: Source, isTime: boolean): Key[] {
  const { upstream, how } = link;
  const isWindow = isTime && (how === 'window' || how === 'before');
  const ends = isWindow ? windowEnds(link, name, text, source) : [text];
  if (!('text' in source)) return ends.map((end) => keyWith(link.downstream, source, end)).filter((one) => one !== null);
  const given = orNull(() => checkValue(name, upstream[name] ?? { kind: 'dynamic' }, source.text));
  return given !== null && ends.includes(given) ? [{}] : [];
}

/** The keys whose windows hold the partition `text`: from it (or the one after it) on, until a window begins later. */
function windowEnds({ upstream, how, span }: Link, name: string, text: string, source: Source): string[] {
  const def = upstream[name] ?? { kind: 'dynamic' };
  const own = parseTime(name, def, text);
  const earliest = startOf(def).startMs;
  const isIn = (part: TimePartition): boolean => spanStart(how === 'window' ? shiftTime(part, 1) : part, span ?? '', earliest).startMs <= own.startMs;
  if ('text' in source) {
    const last = orNull(() => parseTime(name, def, source.text));
    return last && (how === 'window' ? last.startMs >= own.startMs : last.startMs > own.startMs) && isIn(last) ? [formatTime(last)] : [];
  }
  const ends: string[] = [];
  for (let part = how === 'window' ? own : shiftTime(own, 1); isIn(part); part = shiftTime(part, 1)) ends.push(formatTime(part));
  return ends;
}

/** Partial keys of the pipeline's partitions that have a moment in common with the dataset's partition `text`. */
function overlapping({ upstream, downstream }: Link, name: string, text: string, source: Source): Key[] {
  const own = parseTime(name, upstream[name] ?? { kind: 'dynamic' }, text);
  if ('text' in source) {
    const [from = '', to = ''] = source.text.split('/');
    return Date.parse(from) < endOf(own) && Date.parse(to) > own.startMs ? [{}] : [];
  }
  const time = timeOf(downstream);
  if (!time) return [];
  const [field, def] = time;
  const first = startOf(def);
  const found: Key[] = [];
  for (let part = partAt(first, own.startMs); part.startMs < endOf(own); part = shiftTime(part, 1)) {
    const reader = shiftBy(part, -source.by);
    if (def.start === undefined || reader.startMs >= first.startMs) found.push({ [field]: formatTime(reader) });
  }
  return found;
}

/** The part of the pipeline's key that follows when a field of the partition `by` away has this value; null: no partition has it. */
function keyWith(downstream: Dimensions, { by, field }: { readonly by: number; readonly field: string }, value: string): Key | null {
  const time = timeOf(downstream);
  const back = (key: Key): Key | null => {
    if (!time || !Object.hasOwn(key, time[0])) return key;
    const [name, def] = time;
    const part = shiftBy(parseTime(name, endless(def), key[name] ?? ''), -by);
    return def.start !== undefined && part.startMs < startOf(def).startMs ? null : { ...key, [name]: formatTime(part) };
  };
  return orNull(() => {
    const def = downstream[field];
    if (def) return back({ [field]: checkValue(field, isGrain(def.kind) ? endless(def) : def, value) });
    if (field === 'key') return back(parseKey(Object.fromEntries(Object.entries(downstream).map(([name, one]) => [name, endless(one)])), value));
    if (!time) return null;
    const at = Date.parse(value);
    if (Number.isNaN(at)) return null;
    const part = partAt(startOf(time[1]), field === 'end' ? at - 1 : at);
    return boundsOf(part)[field === 'end' ? 'end' : 'start'] === value ? back({ [time[0]]: formatTime(part) }) : null;
  });
}

/** Those that agree in what both name. */
function joined(some: readonly Key[], others: readonly Key[]): readonly Key[] {
  return some.flatMap((one) =>
    others.filter((other) => Object.entries(other).every(([name, value]) => (one[name] ?? value) === value)).map((other) => ({ ...one, ...other })),
  );
}

const timeOf = (dimensions: Dimensions) => Object.entries(dimensions).find(([, def]) => isGrain(def.kind));
/** The neighbour of the first partition is one too. Kept, so that what is known of a dimension is found again. */
function endless(def: Dimensions[string]): Dimensions[string] {
  const known = withoutStart.get(def);
  if (known) return known;
  const { start: _start, ...made } = def;
  withoutStart.set(def, made);
  return made;
}
const withoutStart = new WeakMap<Dimensions[string], Dimensions[string]>();

/** null for a key that cannot be. */
function orNull<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-BAD-KEY') return null;
    throw error;
  }
}
