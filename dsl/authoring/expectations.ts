/**
 * What a dataset promises of each of its partitions, looked at before one is published. Authors' surface; what is declared
 * becomes plain JSON in the plan (ExpectDef), which storage/datasets judges.
 */
import { durationMs } from './duration.ts';
import type { Duration } from './ref.ts';
import type { Problem } from '../plan/problem.ts';
import type { ExpectDef, JsonSchema } from '../plan/types.ts';

type ColumnsWith<R, V> = { [C in keyof R]-?: NonNullable<R[C]> extends V ? C : never }[keyof R];

/** A partition that breaks one of these is not published: its step fails with HDL-EXPECTATION, as a data failure. */
export interface Expectations<R> {
  readonly rows?: {
    readonly min?: number;
    readonly max?: number;
    /**
     * How far the row count may lie from the median of its neighbours, the published partitions nearest in time: 0.5 lets
     * 50 % to 150 % through. Judged as soon as three neighbours (or `against`, if that is fewer) are published.
     */
    readonly band?: number;
    /** How many neighbours are looked at. Default 7. */
    readonly against?: number;
  };
  /** Largest share of nulls, 0 to 1, by column. */
  readonly nulls?: { readonly [C in keyof R]?: number };
  /** No two rows have the same values in all of these columns. */
  readonly unique?: readonly (keyof R & string)[];
  /** Smallest and largest value, by column of numbers; null leaves an end open. NaN is in no range; a null is not looked at. */
  readonly range?: { readonly [C in ColumnsWith<R, number | bigint>]?: readonly [min: number | null, max: number | null] };
  /** By column of instants: its newest value is at most this much older than the end of the partition. */
  readonly freshness?: { readonly [C in ColumnsWith<R, string>]?: Duration };
}

/** As the authoring surface keeps it: column names are checked by the author's compiler and by expectProblems. */
export type AnyExpectations = Expectations<Record<string, number & string>>;

/** null where nothing is expected. Durations that are none are left out; expectProblems says so. */
export function expectDef(expect: AnyExpectations | null): ExpectDef | null {
  if (!expect) return null;
  const { rows, nulls, unique, range, freshness } = expect;
  const fresh = Object.entries(freshness ?? {}).flatMap(([column, age]) => {
    const ms = age === undefined ? null : durationMs(age);
    return ms === null ? [] : [[column, ms] as const];
  });
  return {
    ...(rows && { rows: { ...rows } }),
    ...(nulls && { nulls: given(nulls) }),
    ...(unique && { unique: [...unique] }),
    ...(range && { range: given(range) }),
    ...(fresh.length > 0 && { freshnessMs: Object.fromEntries(fresh) }),
  };
}

const given = <V>(columns: Readonly<Record<string, V | undefined>>): Record<string, V> =>
  Object.fromEntries(Object.entries(columns).filter((entry): entry is [string, V] => entry[1] !== undefined));

/** Unknown columns and figures that make no sense. */
export function expectProblems(
  dataset: { readonly name: string; readonly place: string | null; readonly expect: AnyExpectations | null },
  schema: JsonSchema,
): Problem[] {
  const { expect, name, place } = dataset;
  if (!expect) return [];
  const columns = Object.keys((schema['properties'] ?? {}) as object);
  const bad = (what: string): Problem => ({ code: 'HDL-BAD-EXPECTATION', what: `expect.${what}`, where: place });
  const problems: Problem[] = [];
  const { rows = {}, nulls = {}, unique, range = {}, freshness = {} } = expect;
  for (const [kind, named] of Object.entries({ nulls: Object.keys(nulls), unique: unique ?? [], range: Object.keys(range), freshness: Object.keys(freshness) }))
    for (const column of named)
      if (!columns.includes(column)) problems.push(bad(`${kind} of dataset ${name} names a column ${column}, which it does not have: ${columns.join(', ')}.`));
  if (unique?.length === 0) problems.push(bad(`unique of dataset ${name} names no column.`));
  const count = (value: number | undefined): boolean => value === undefined || (Number.isSafeInteger(value) && value >= 0);
  if (!count(rows.min) || !count(rows.max) || (rows.min ?? 0) > (rows.max ?? Infinity))
    problems.push(bad(`rows of dataset ${name}: min ${rows.min ?? 'none'} and max ${rows.max ?? 'none'} are no range of counts.`));
  if (rows.band !== undefined && !(rows.band > 0)) problems.push(bad(`rows.band of dataset ${name} is ${rows.band}; it must be above 0, for instance 0.5.`));
  if (rows.against !== undefined && (!count(rows.against) || rows.against < 1 || rows.against > 31))
    problems.push(bad(`rows.against of dataset ${name} is ${rows.against}; it must be 1 to 31 neighbours.`));
  for (const [column, share] of Object.entries(nulls))
    if (share === undefined || !(share >= 0 && share <= 1)) problems.push(bad(`nulls.${column} of dataset ${name} is ${share}; it must be a share of 0 to 1.`));
  for (const [column, ends] of Object.entries(range)) {
    const [min, max] = ends ?? [Number.NaN, Number.NaN];
    if (!((min ?? -Infinity) <= (max ?? Infinity))) problems.push(bad(`range.${column} of dataset ${name} is [${min}, ${max}], which holds no value.`));
  }
  for (const [column, age] of Object.entries(freshness))
    if (age === undefined || durationMs(age) === null) problems.push(bad(`freshness.${column} of dataset ${name} is '${age}', which is no duration.`));
  return problems;
}
