/**
 * Time partitions: hour, day, week (ISO, from Monday), month, in a time zone. A key is local time ('2001-03-01'), an hour
 * carries its offset ('2001-10-28T01+02:00'), so that the hour that happens twice has two keys; bounds are UTC instants.
 * Uses luxon; never in the workflow sandbox (time zone data differ between machines).
 */
import { DateTime } from 'luxon';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';

export type Grain = 'hour' | 'day' | 'week' | 'month';
export const isGrain = (kind: DimensionDef['kind']): kind is Grain => kind === 'hour' || kind === 'day' || kind === 'week' || kind === 'month';

const FORMATS: Readonly<Record<Grain, { readonly like: string; readonly shape: RegExp }>> = {
  hour: { like: '2001-03-01T05+00:00', shape: /^\d{4}-\d{2}-\d{2}T\d{2}(Z|[+-]\d{2}:\d{2})$/ },
  day: { like: '2001-03-01', shape: /^\d{4}-\d{2}-\d{2}$/ },
  week: { like: '2001-W09', shape: /^\d{4}-W\d{2}$/ },
  month: { like: '2001-03', shape: /^\d{4}-\d{2}$/ },
};

/** One time partition: its first instant, as local time. */
export interface TimePartition {
  readonly grain: Grain;
  readonly at: DateTime;
}

/** Throws HDL-BAD-KEY for a key of another kind, one that does not exist, or one before the dimension's start. */
export function parseTime(name: string, def: DimensionDef, key: string): TimePartition {
  const grain = def.kind as Grain;
  const { like, shape } = FORMATS[grain];
  const bad = (what: string): HeddleError => new HeddleError('HDL-BAD-KEY', { what, where: `dimension ${name}`, fix: `Write the ${grain} as ${like}.` });
  if (!shape.test(key)) throw bad(`"${key}" is no ${grain}.`);
  const zone = def.timezone ?? 'UTC';
  const parsed = grain === 'hour' ? DateTime.fromISO(key.replace('T', 'T').replace(/(T\d{2})/, '$1:00'), { zone }) : DateTime.fromISO(key, { zone });
  if (!parsed.isValid) throw bad(`"${key}" is no ${grain}: ${parsed.invalidExplanation ?? 'it does not exist'}.`);
  const at = parsed.startOf(grain === 'week' ? 'week' : grain);
  const part: TimePartition = { grain, at };
  if (formatTime(part) !== normalised(grain, key)) throw bad(`"${key}" is no ${grain} of ${zone}.`);
  if (def.start && at.toMillis() < startOf(def).toMillis()) throw bad(`"${key}" is before ${def.start}, where the partitions of ${name} begin.`);
  return part;
}

const normalised = (grain: Grain, key: string): string => (grain === 'hour' ? key.replace(/Z$/, '+00:00') : key);

/** First instant of the dimension's first partition. */
export function startOf(def: DimensionDef): DateTime {
  const zone = def.timezone ?? 'UTC';
  return DateTime.fromISO(def.start ?? '1970-01-01', { zone }).startOf((def.kind as Grain) === 'week' ? 'week' : (def.kind as Grain));
}

export function formatTime({ grain, at }: TimePartition): string {
  switch (grain) {
    case 'hour':
      return at.toFormat("yyyy-MM-dd'T'HHZZ");
    case 'day':
      return at.toFormat('yyyy-MM-dd');
    case 'week':
      return at.toFormat("kkkk-'W'WW");
    case 'month':
      return at.toFormat('yyyy-MM');
  }
}

/** n partitions on (or back). Hours count in real time, the others in local calendar time. */
export const shiftTime = ({ grain, at }: TimePartition, n: number): TimePartition => ({
  grain,
  at: at.plus({ [`${grain}s`]: n }).startOf(grain === 'week' ? 'week' : grain),
});

export const boundsOf = (part: TimePartition): { readonly start: string; readonly end: string } => ({
  start: utc(part.at),
  end: utc(shiftTime(part, 1).at),
});
const utc = (at: DateTime): string => at.toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss'Z'");
