/**
 * `features`: the features of 30 days, from the flights and the counts of 28 days before each, read and written as Parquet.
 * Heddle's reads, code and publishes beside a Polars script that does the same from the same files, each a warm process of its
 * own. What both wrote is compared value by value.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { FEATURES } from '../activities/flights/feature-vector.ts';
import { pythonFor } from './python-environment.ts';
import { caseOf, type BenchCase } from './report.ts';

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const DAYS = Number(process.env['BENCH_DAYS'] ?? 30);
/** Features are kept as 32-bit numbers on our side. */
const TOLERANCE = 1e-6;

interface Measured {
  readonly rows: number;
  readonly seconds: number;
  readonly peakMiB: number;
}

export async function features(): Promise<BenchCase[]> {
  const python = pythonFor(['polars']);
  const folder = mkdtempSync(join(tmpdir(), 'heddle-features-'));
  const store = join(folder, 'bench'); // of the project
  const output = join(folder, 'polars');
  const measure = async (command: string, args: readonly string[]): Promise<Measured> => JSON.parse((await run(command, [...args])).stdout) as Measured; // what both print
  const sides = {
    heddle: () => measure(process.execPath, ['--conditions=heddle-source', here('features-process.ts'), folder, String(DAYS)]),
    polars: () => measure(python, [here('python/features.py'), store, String(DAYS), output]),
  };
  const msADay = { heddle: [] as number[], polars: [] as number[] };
  const peaks = { heddle: 0, polars: 0 };
  try {
    await sides.heddle(); // lands what both read
    for (let pair = 0; pair < Number(process.env['BENCH_PAIRS'] ?? 5); pair++) {
      for (const side of pair % 2 === 0 ? (['heddle', 'polars'] as const) : (['polars', 'heddle'] as const)) {
        const { seconds, peakMiB } = await sides[side]();
        msADay[side].push((seconds * 1000) / DAYS);
        peaks[side] = Math.max(peaks[side], peakMiB);
      }
      process.stderr.write(`features ${pair + 1}: heddle ${msADay.heddle.at(-1)?.toFixed(1)}, polars ${msADay.polars.at(-1)?.toFixed(1)} ms a day\n`);
    }
    const { rows, difference } = await compared(join(store, 'flights/features'), output);
    if (!(difference <= TOLERANCE)) throw new Error(`the two sides do not agree: the largest difference of a feature is ${difference}`);
    const note = `${rows} rows compared, largest difference of a feature ${difference}; peak resident memory: heddle ${Math.round(peaks.heddle)} MiB, polars ${Math.round(peaks.polars)} MiB; Heddle's side includes manifest, checks of what the dataset expects, and publish`;
    return [caseOf('day', 'ms/day', msADay.heddle, msADay.polars, 1.5, note)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws where one side has rows that the other has not. */
async function compared(ours: string, theirs: string): Promise<{ readonly rows: number; readonly difference: number }> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const columns = FEATURES.map((name) => `abs(h.${name} - p.${name})`).join(', ');
  const same = ['at', 'origin', 'destination', 'late'].map((name) => `h.${name} = p.${name}`).join(' AND ');
  const [row] = (
    await connection.runAndReadAll(
      `SELECT count(*) AS rows, count(*) FILTER (${same}) AS same, max(greatest(${columns})) AS difference
       FROM (SELECT * FROM read_parquet('${ours}/day=*/*.parquet', hive_partitioning = false)) h
       FULL JOIN (SELECT * FROM read_parquet('${theirs}/*.parquet')) p ON h.flight = p.flight AND h.at // 86400 = p.at // 86400`,
    )
  ).getRowObjects();
  connection.closeSync();
  if (!row || row['rows'] !== row['same'])
    throw new Error(`the two sides have different rows: ${String(row?.['same'])} of ${String(row?.['rows'])} are the same`);
  return { rows: Number(row['rows']), difference: Number(row['difference']) };
}
