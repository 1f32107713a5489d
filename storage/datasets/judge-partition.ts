/**
 * What is wrong with a partition by what its dataset expects: a judgement of figures, without a store. Shared by the check
 * before a publish (check-expectations.ts) and the testing kit.
 */
import type { DatasetDef, ExpectDef } from '../../dsl/plan/types.ts';
import { isGrain } from '../../calendar/time-grain.ts';
import { partitionScope } from '../../calendar/partition-scope.ts';
import type { Profile } from './profile.ts';

/** Neighbours that a number of rows is held against, unless the author says otherwise. */
export const AGAINST = 7;
/** Fewer neighbours say nothing. */
const LEAST_NEIGHBOURS = 3;

/** `neighbours`: rows of the partitions nearest in time, at most as many as `expect.rows.against`. */
export function rowProblems(expect: ExpectDef, rows: number, neighbours: readonly number[]): string[] {
  if (!expect.rows) return [];
  const { min = 0, max = Infinity, band, against = AGAINST } = expect.rows;
  const wrong: string[] = [];
  if (rows < min || rows > max) wrong.push(`expected ${max === Infinity ? `at least ${min}` : `${min} to ${max}`} rows, found ${rows}`);
  if (band === undefined || neighbours.length < Math.min(LEAST_NEIGHBOURS, against)) return wrong;
  const median = medianOf(neighbours);
  const [low, high] = [Math.ceil(median * (1 - band)), Math.floor(median * (1 + band))];
  if (rows < low || rows > high)
    wrong.push(
      `expected ${Math.max(0, low)} to ${high} rows, ${band * 100} % around ${median}, the median of its ${neighbours.length} neighbours; found ${rows}`,
    );
  return wrong;
}

export function* columnProblems(
  { expect, partitions }: { readonly expect: ExpectDef; readonly partitions: DatasetDef['partitions'] },
  key: Readonly<Record<string, string>>,
  rows: number,
  profile: Profile,
): Generator<string> {
  const { nulls = {}, unique, range = {}, freshnessMs = {} } = expect;
  for (const [column, share] of Object.entries(nulls)) {
    const found = profile.nulls?.[column] ?? rows;
    if (found > share * rows) yield `column ${column}: expected at most ${percent(share)} nulls, found ${percent(found / rows)} (${found} of ${rows})`;
  }
  if (unique) {
    const { rows: twice, first } = profile.duplicates ?? { rows: 0, first: null };
    if (twice > 0)
      yield `column ${unique.join(', ')}: expected unique values, found ${twice} rows with a key that was there before, such as ${JSON.stringify(first)}`;
  }
  for (const [column, [min, max]] of Object.entries(range)) {
    const found = profile.range?.[column] ?? { min: null, max: null, nan: 0 };
    const expected = `column ${column}: expected ${min ?? 'any'} to ${max ?? 'any'}`;
    if (found.nan > 0) yield `${expected}, found ${found.nan} NaN`;
    if (found.min !== null && min !== null && found.min < min) yield `${expected}, found ${found.min}`;
    if (found.max !== null && max !== null && found.max > max) yield `${expected}, found ${found.max}`;
  }
  const end = endOf(partitions, key);
  for (const [column, age] of Object.entries(freshnessMs)) {
    const newest = profile.newest?.[column] ?? null;
    if (end === null || (newest !== null && newest >= end - age)) continue;
    const oldest = new Date(end - age).toISOString();
    yield `column ${column}: expected its newest value at ${oldest} or later, found ${newest === null ? 'none' : new Date(newest).toISOString()}`;
  }
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** End of the partition, ms since the epoch; null without a dimension of time. */
function endOf(partitions: DatasetDef['partitions'], key: Readonly<Record<string, string>>): number | null {
  if (!Object.values(partitions).some(({ kind }) => isGrain(kind))) return null;
  return Date.parse(String(partitionScope(partitions, key, 0)['end']));
}
