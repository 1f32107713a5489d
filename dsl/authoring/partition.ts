/**
 * Partition keys: their dimensions, the key that a step names, and the time arithmetic allowed on it. Authors' surface;
 * the arithmetic itself is in calendar/.
 */
import type { RefTo } from './ref.ts';
import type { DimensionDef } from '../plan/types.ts';

declare const GRAIN: unique symbol;
declare const KEY: unique symbol;
export type Grain = 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' | 'cron';
/** A point of logical time, e.g. '2001-03-01' for a day. Branded, so a week never passes for a day. */
export type Time<G extends Grain> = string & { readonly [GRAIN]: G };

export interface Dimension<Name extends string, Value> {
  readonly name: Name;
  readonly kind: Grain | 'keys' | 'dynamic';
  readonly keys?: readonly string[];
  /** First partition, '2001-01-01'. */
  readonly start?: string;
  /** IANA name; default UTC. */
  readonly timezone?: string;
  /** Of kind 'cron'. */
  readonly cron?: string;
  /** Phantom: the type of a key. Never present. */
  readonly [KEY]?: Value;
}
export type Dimensions = Readonly<Record<string, Dimension<string, unknown>>>;
/** What `partitions:` takes: one dimension, or an object of them (their product). */
export type Partitions = Dimension<string, unknown> | Dimensions;
/** daily() -> { day: Time<'day'> };  { day: daily(), wiki: keys(['en']) } -> { day: Time<'day'>; wiki: 'en' } */
export type KeyOf<P> =
  P extends Dimension<infer N, infer V> ? { [K in N]: V } : { -readonly [K in keyof P]: P[K] extends Dimension<string, infer V> ? V : never };

type KeyLiteral<V> = V extends Time<'day'> ? `${number}-${number}-${number}` : V extends Time<Grain> ? never : V;
/** Names one partition to read. A wider key may be given: the dataset takes the dimensions that it has. */
export type PartitionKey<K> = { readonly [D in keyof K]: RefTo<K[D]> | KeyLiteral<K[D]> };
/** Names the one partition that a step writes: exactly the dataset's dimensions, or two steps would write the same. */
export type Target<K> = PartitionKey<K> & Exactly<keyof K>;
export interface Exactly<Names> {
  readonly dimensions?: Names;
}

/**
 * A partition of any grain, to roll up to or down from: it has bounds. Dimensions that are not time and that both sides have must be of one
 * kind.
 */
export type RollUpKey<K> = { readonly [F in keyof RollUpFields<K>]: RollUpFields<K>[F] };
type RollUpFields<K> = { [D in keyof K as K[D] extends Time<Grain> ? never : D]?: RefTo<K[D]> } & ([TimeIn<K>] extends [never] ? unknown : Bounds);
/** What `partition` of a pipeline with a dimension of time has. */
interface Bounds {
  start: RefTo<string>;
  end: RefTo<string>;
}

/** The pipeline's own partition, as its body sees it. */
export type PartitionRef<K> = {
  readonly [F in keyof K | keyof FieldsOn<K>]: F extends keyof K ? RefTo<K[F]> : F extends keyof FieldsOn<K> ? FieldsOn<K>[F] : never;
};
type FieldsOn<K> = [TimeIn<K>] extends [never] ? KeyFields<K> : TimeFields<K>;
interface KeyFields<K> {
  dimensions: keyof K;
  key: RefTo<string>;
}
interface TimeFields<K> extends KeyFields<K> {
  /** First instant, ISO 8601 in UTC. */
  start: RefTo<string>;
  /** First instant after it. */
  end: RefTo<string>;
  next: PartitionRef<K>;
  previous: PartitionRef<K>;
  /** So many partitions later, or earlier: offset(-7). At most 10,000 either way. */
  offset: (partitions: number) => PartitionRef<K>;
}
export type TimeIn<K> = { [D in keyof K]: K[D] extends Time<infer G> ? G : never }[keyof K];
export type Span<G> = G extends 'hour'
  ? `${number}h` | `${number}d`
  : G extends 'day'
    ? `${number}d` | `${number}w`
    : G extends 'week'
      ? `${number}w`
      : G extends 'month'
        ? `${number}${'d' | 'w' | 'mo' | 'q' | 'y'}`
        : G extends 'quarter'
          ? `${number}q` | `${number}y`
          : G extends 'year'
            ? `${number}y`
            : `${number}${'p' | 'h' | 'd' | 'w'}`;

export interface Start {
  readonly start: `${number}-${number}-${number}`;
  readonly timezone?: string;
}
export const hourly = (o: Start): Dimension<'hour', Time<'hour'>> => ({ name: 'hour', kind: 'hour', ...o });
export const daily = (o: Start): Dimension<'day', Time<'day'>> => ({ name: 'day', kind: 'day', ...o });
/** Weeks begin on Monday (ISO 8601). */
export const weekly = (o: Start): Dimension<'week', Time<'week'>> => ({ name: 'week', kind: 'week', ...o });
export const monthly = (o: Start): Dimension<'month', Time<'month'>> => ({ name: 'month', kind: 'month', ...o });
export const quarterly = (o: Start): Dimension<'quarter', Time<'quarter'>> => ({ name: 'quarter', kind: 'quarter', ...o });
export const yearly = (o: Start): Dimension<'year', Time<'year'>> => ({ name: 'year', kind: 'year', ...o });
/**
 * A partition lasts from one fire of the cron expression to the next: byCron({ cron: '0 6,18 * * 1-5', start: '2001-01-01' }). Its key is
 * the local time at which it begins.
 */
export const byCron = (o: Start & { readonly cron: string }): Dimension<'cron', Time<'cron'>> => ({ name: 'cron', kind: 'cron', ...o });
/** A fixed set of keys. */
export const keys = <const K extends string>(list: readonly K[]): Dimension<'key', K> => ({ name: 'key', kind: 'keys', keys: list });
/** Keys that are not known beforehand. */
export const dynamicKeys = (): Dimension<'key', string> => ({ name: 'key', kind: 'dynamic' });

const isDimension = (p: Partitions): p is Dimension<string, unknown> => typeof p['kind'] === 'string';

/** Dimension name -> definition, in the order of the path. */
export function dimensionDefs(partitions: Partitions): Readonly<Record<string, DimensionDef>> {
  const named: Dimensions = isDimension(partitions) ? { [partitions.name]: partitions } : partitions;
  return Object.fromEntries(
    Object.entries(named).map(([name, { kind, start, timezone, cron, keys: list }]) => [
      name,
      {
        kind,
        ...(start !== undefined && { start }),
        ...(timezone !== undefined && { timezone }),
        ...(cron !== undefined && { cron }),
        ...(list && { keys: [...list] }),
      },
    ]),
  );
}
export const dimensionNames = (partitions: Partitions): readonly string[] => (isDimension(partitions) ? [partitions.name] : Object.keys(partitions));
/** The first dimension of time; null without one. */
export const timeDimension = (partitions: Partitions): string | null =>
  Object.entries(dimensionDefs(partitions)).find(([, { kind }]) => kind !== 'keys' && kind !== 'dynamic')?.[0] ?? null;
