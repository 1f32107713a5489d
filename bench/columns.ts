/**
 * `columns`: a partition of 1 to 50 million rows is published and read again, each size in a process of its own. What the
 * process holds at most must not depend on the rows: the line through the peaks rises by less than 5 % of their mean.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { caseOf, type BenchCase } from './report.ts';

const program = fileURLToPath(new URL('columns-process.ts', import.meta.url));
const MILLIONS = [1, 5, 10, 25, 50];

interface Measured {
  readonly peakMiB: number;
  readonly writeRowsPerS: number;
  readonly readRowsPerS: number;
}

export async function columns(): Promise<BenchCase[]> {
  const rounds = Number(process.env['BENCH_PAIRS'] ?? 3);
  const rises: number[] = [];
  const means: number[] = [];
  const notes: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const peaks: number[] = [];
    for (const millions of MILLIONS) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=heddle-source', program, String(millions * 1_000_000)]);
      const { peakMiB, writeRowsPerS, readRowsPerS } = JSON.parse(stdout) as Measured; // what it prints
      peaks.push(peakMiB);
      process.stderr.write(
        `columns ${round + 1}, ${millions} M rows: ${Math.round(peakMiB)} MiB, ${Math.round(writeRowsPerS)} rows/s written, ${Math.round(readRowsPerS)} read\n`,
      );
    }
    const { rise, mean } = lineThrough(MILLIONS, peaks);
    rises.push(mean + rise);
    means.push(mean);
    notes.push(MILLIONS.map((millions, i) => `${millions} M: ${Math.round(peaks[i] ?? 0)}`).join(', '));
  }
  const note = `peak resident memory, MiB, by rows: ${notes.join('; ')}. "heddle" is the mean and what the line rises by from 1 to 50 M rows, "baseline" the mean`;
  return [caseOf('memory-1-to-50-million-rows', 'MiB', rises, means, 1.05, note)];
}

/** Least squares: what the line rises by from the first x to the last. */
function lineThrough(xs: readonly number[], ys: readonly number[]): { readonly rise: number; readonly mean: number } {
  const [meanX, mean] = [xs, ys].map((values) => values.reduce((sum, value) => sum + value, 0) / values.length) as [number, number];
  const covariance = xs.reduce((sum, x, i) => sum + (x - meanX) * ((ys[i] ?? mean) - mean), 0);
  const variance = xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
  return { rise: (covariance / variance) * ((xs.at(-1) ?? 0) - (xs[0] ?? 0)), mean };
}
