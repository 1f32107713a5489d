/** Judges a staged partition by what its dataset expects: from the figures in its manifest, and the rows of its neighbours. Workers. */
import type { StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { isGrain } from '../../calendar/time-grain.ts';
import { partitionScope } from '../../calendar/partition-scope.ts';
import type { Store } from '../store.ts';
import type { Manifest } from './manifest.ts';
import { neighbourRows } from './neighbours.ts';
import { pathOfStaged } from './staged-path.ts';

type Staged = Omit<StagedPartition, 'at'>;
const AGAINST = 7;
/** Fewer neighbours say nothing. */
const LEAST_NEIGHBOURS = 3;

/** Throws HDL-EXPECTATION, which names dataset, partition, column, expected and found: all that is wrong, the first one in front. */
export async function checkExpectations(store: Store, staged: Staged, manifest: Manifest): Promise<void> {
  const { checks } = staged;
  if (!checks) return;
  const path = pathOfStaged(staged);
  const wrong = [...(await rowProblems(store, staged, path, manifest)), ...columnProblems(staged, manifest)];
  const [first, ...more] = wrong;
  if (first === undefined) return;
  throw new HeddleError('HDL-EXPECTATION', {
    what: `${staged.dataset} ${path}: ${[first, ...more].join('; ')}.`,
    where: staged.staging,
    why: 'Nothing was published, and what was published before is in place.',
  });
}

async function rowProblems(store: Store, staged: Staged, path: string, { rows }: Manifest): Promise<string[]> {
  const expected = staged.checks?.expect.rows;
  if (!expected) return [];
  const { min = 0, max = Infinity, band, against = AGAINST } = expected;
  const wrong: string[] = [];
  if (rows < min || rows > max) wrong.push(`expected ${max === Infinity ? `at least ${min}` : `${min} to ${max}`} rows, found ${rows}`);
  if (band === undefined) return wrong;
  const neighbours = await neighbourRows(store, staged, path, against);
  if (neighbours.length < Math.min(LEAST_NEIGHBOURS, against)) return wrong;
  const median = medianOf(neighbours);
  const [low, high] = [Math.ceil(median * (1 - band)), Math.floor(median * (1 + band))];
  if (rows < low || rows > high)
    wrong.push(
      `expected ${Math.max(0, low)} to ${high} rows, ${band * 100} % around ${median}, the median of its ${neighbours.length} neighbours; found ${rows}`,
    );
  return wrong;
}

function* columnProblems({ checks, key }: Staged, { rows, profile = {} }: Manifest): Generator<string> {
  const { nulls = {}, unique, range = {}, freshnessMs = {} } = checks?.expect ?? {};
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
  const end = endOf(checks?.partitions ?? {}, key as Readonly<Record<string, string>>); // keys are texts
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
function endOf(partitions: NonNullable<Staged['checks']>['partitions'], key: Readonly<Record<string, string>>): number | null {
  if (!Object.values(partitions).some(({ kind }) => isGrain(kind))) return null;
  return Date.parse(String(partitionScope(partitions, key, 0)['end']));
}
