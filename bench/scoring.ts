/**
 * `scoring`: the flights file (3 M rows), Parquet -> features -> ONNX -> Parquet, Heddle's threads beside pyarrow + numpy +
 * onnxruntime, each side a warm process of its own with the same number of threads. The scores are compared row by row.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exportOnnx } from '../activities/training/onnx-export.ts';
import { seededRandom } from '../activities/training/seeded-order.ts';
import { pythonFor } from './python-environment.ts';
import { caseOf, type BenchCase } from './report.ts';

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const flights = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', 'flights-3m.parquet');
/** The largest difference of a score that may be. */
const TOLERANCE = 1e-5;
const MAX_MIB = 600;

interface Measured {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

export async function scoring(only: readonly string[]): Promise<BenchCase[]> {
  const python = pythonFor(['pyarrow', 'numpy', 'onnxruntime']);
  const folder = mkdtempSync(join(tmpdir(), 'heddle-scoring-'));
  const files = { model: join(folder, 'model.onnx'), heddle: join(folder, 'heddle.parquet'), python: join(folder, 'python.parquet') };
  writeFileSync(files.model, modelBytes());
  const measure = async (command: string, args: readonly string[]): Promise<Measured> => JSON.parse((await run(command, [...args])).stdout) as Measured; // what both print
  const cases: BenchCase[] = [];
  try {
    for (const threads of [1, 2]) {
      const name = threads === 1 ? 'rows-per-second' : 'rows-per-second-2-threads';
      if (only.length > 0 && !only.includes(name)) continue;
      const rates = { heddle: [] as number[], python: [] as number[] };
      const peaks = { heddle: 0, python: 0 };
      for (let pair = 0; pair < Number(process.env['BENCH_PAIRS'] ?? 5); pair++) {
        const sides = {
          heddle: () =>
            measure(process.execPath, ['--conditions=heddle-source', here('score-process.ts'), flights, files.model, files.heddle, String(threads)]),
          python: () => measure(python, [here('python/score.py'), flights, files.model, files.python, String(threads), '65536']),
        };
        for (const side of pair % 2 === 0 ? (['heddle', 'python'] as const) : (['python', 'heddle'] as const)) {
          const { rows, seconds, peakMiB } = await sides[side]();
          rates[side].push(rows / seconds);
          peaks[side] = Math.max(peaks[side], peakMiB);
        }
        process.stderr.write(`${name} ${pair + 1}: heddle ${rates.heddle.at(-1)?.toFixed(0)}, python ${rates.python.at(-1)?.toFixed(0)} rows/s\n`);
      }
      const { stdout } = await run(python, [here('python/compare_scores.py'), files.heddle, files.python]);
      const compared = JSON.parse(stdout) as { sameRows: boolean; maxDifference: number };
      if (!compared.sameRows || !(compared.maxDifference <= TOLERANCE)) throw new Error(`the two sides do not agree: ${stdout}`);
      if (peaks.heddle > MAX_MIB) throw new Error(`resident memory reached ${peaks.heddle} MiB, and may be ${MAX_MIB}`);
      const note = `peak resident memory: heddle ${Math.round(peaks.heddle)} MiB, python ${Math.round(peaks.python)} MiB; largest difference of a score ${compared.maxDifference}`;
      cases.push(caseOf(name, 'rows/s', rates.heddle, rates.python, 1, note, 'higher'));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return cases;
}

/** 7 features, 32 units, seeded weights. */
function modelBytes(): Uint8Array {
  const random = seededRandom(1);
  const weights = Float64Array.from({ length: 7 * 32 + 2 * 32 + 1 }, () => (random() * 2 - 1) * 0.5);
  const mean = Float64Array.from([0, 0, 0, 0, 6.2, 0.5, 0.5]);
  return exportOnnx({ inputs: 7, hidden: 32, weights, mean, std: Float64Array.from([0.7, 0.7, 0.7, 0.7, 0.8, 0.3, 0.3]) });
}
