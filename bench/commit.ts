/**
 * What publishing costs: calls at the store beyond the renames for a partition of 100 files (first and as a replacement), and
 * the time of a publish beside a step of one minute. On the local file system; the two activities around it are not in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestGeneration } from '../storage/datasets/newest-generation.ts';
import { publishPartition } from '../storage/datasets/publish-partition.ts';
import { openStore } from '../storage/store.ts';
import { countingStore, manyFiles } from '../test/commit/counting-store.ts';
import { numbers, PATH } from '../test/commit/commit-kit.ts';
import { caseOf, type BenchCase } from './report.ts';

const FILES = 100;
const ROUNDS = 7;
const CALLS = 10;
const STEP_MS = 60_000;

export async function commit(only: readonly string[]): Promise<BenchCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-commit-'));
  const store = openStore({ root: folder, project: 'bench' });
  const others: number[] = [];
  const times: number[] = [];
  try {
    const dataset = numbers();
    const root = store.resolve(dataset.uri);
    for (let generation = 1; generation <= ROUNDS; generation++) {
      const staged = await manyFiles(store, dataset, FILES, `r${generation}`);
      const { store: counted, calls } = countingStore(store);
      const began = performance.now();
      await newestGeneration(counted, root, PATH);
      await publishPartition(counted, staged, { replace: true, generation });
      times.push(performance.now() - began);
      others.push(calls.filter((call) => call !== 'rename').length);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const longest = Math.max(...times).toFixed(1);
  return [
    caseOf(
      'round-trips',
      'calls beside the renames',
      others,
      others.map(() => CALLS),
      1,
      `${FILES} files; the first round is a first publish, the others replace; baseline: the ${CALLS} that are allowed`,
    ),
    caseOf(
      'one-minute-step',
      'ms',
      times.map((ms) => STEP_MS + ms),
      times.map(() => STEP_MS),
      1.01,
      `a publish of ${FILES} files beside a step of one minute; longest publish ${longest} ms`,
    ),
  ].filter((one) => only.length === 0 || only.includes(one.case));
}
