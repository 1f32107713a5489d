/** What a dataset expects of a partition, judged over rows in memory by the rules of the store's own check. Unit tests only. */
import type { DatasetDef } from '../dsl/plan/types.ts';
import { isGrain, parseTime } from '../calendar/time-grain.ts';
import { AGAINST, columnProblems, rowProblems } from '../storage/datasets/judge-partition.ts';
import { profiler } from '../storage/datasets/profile.ts';
import { columnTypes } from '../storage/parquet/column-types.ts';

/** Everything that is wrong, as one sentence; null when the partition may be published. `others`: the dataset's partitions, by name. */
export function expectationProblem(
  dataset: DatasetDef,
  key: Readonly<Record<string, string>>,
  rows: readonly object[],
  others: ReadonlyMap<string, readonly object[]>,
): string | null {
  const { expect, partitions } = dataset;
  if (!expect) return null;
  const figures = profiler(expect, columnTypes(dataset.schema, dataset.name));
  const names = Object.keys((dataset.schema as { readonly properties?: object }).properties ?? {});
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => (row as Record<string, unknown>)[name] ?? null)]));
  figures.add({ numRows: rows.length, columns });
  const wrong = [
    ...rowProblems(expect, rows.length, neighbours(partitions, key, others).slice(0, expect.rows?.against ?? AGAINST)),
    ...columnProblems({ expect, partitions }, key, rows.length, figures.profile() ?? {}),
  ];
  return wrong.length === 0 ? null : `${dataset.name} ${Object.values(key).join('|')}: ${wrong.join('; ')}`;
}

/** Rows of the partitions nearest in time under the same other keys, as storage/datasets/neighbours.ts finds them in a store. */
function neighbours(partitions: DatasetDef['partitions'], key: Readonly<Record<string, string>>, others: ReadonlyMap<string, readonly object[]>): number[] {
  const names = Object.keys(partitions);
  const at = names.findIndex((name) => isGrain(partitions[name]?.kind ?? 'dynamic'));
  const name = names[at];
  const dimension = name === undefined ? undefined : partitions[name];
  if (name === undefined || !dimension) return [];
  const own = names.map((one) => String(key[one]));
  const timeOf = (part: string): number => parseTime(name, dimension, part).startMs;
  return [...others]
    .flatMap(([partition, rows]) => {
      const parts = partition.split('|');
      const part = parts[at];
      if (part === undefined || part === own[at] || parts.some((one, i) => i !== at && one !== own[i])) return [];
      const time = timeOf(part);
      return [{ rows: rows.length, time, away: Math.abs(time - timeOf(String(own[at]))) }];
    })
    .toSorted((a, b) => a.away - b.away || a.time - b.time)
    .map(({ rows }) => rows);
}
