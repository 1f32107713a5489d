/** Runs of chaos.days: what one left behind, in a shape that is equal for equal work whatever was killed meanwhile. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import type { JsonObject } from '../../dsl/plan/types.ts';
import type { Manifest } from '../../storage/datasets/manifest.ts';
import { EFFECTS_OF_COUNT, ITEMS } from './days-project.ts';
import { linesOf, type System } from './system.ts';
import { until } from './until.ts';

export interface DaysRun {
  readonly runId: string;
  /** Keys of its effects so far, in their order. */
  effects(): string[];
  /** 'runId/step attempt' of each call of a task's code so far. */
  calls(): string[];
  /** Its end, and what is published then. */
  ended(): Promise<{ readonly run: RunDetail; readonly published: unknown }>;
}

const DAY = '2001-03-01';
const DATASETS = ['rows', 'sums'];
/** A worker that dies in a publish is missed after a minute. */
const END_MS = 200_000;

/** Each run begins with empty datasets: the partitions of two runs are compared. With the hash of a plan that the server has, nothing is compiled. */
export async function startDays(system: System, name: string, planHash?: string): Promise<DaysRun> {
  rmSync(join(system.store, 'chaos'), { recursive: true, force: true });
  const ledger = join(system.folder, `ledger-${name}`);
  const runId =
    planHash === undefined ? await system.run('chaos.days', '--partition', DAY, '--param', `ledger=${ledger}`) : await startAgain(system, planHash, { ledger });
  return {
    runId,
    effects: () => linesOf(join(ledger, 'ledger')),
    calls: () => linesOf(join(ledger, 'calls')),
    ended: async () => ({
      run: await system.ended(runId, END_MS),
      published: Object.fromEntries(DATASETS.map((dataset) => [dataset, partitionOf(join(system.store, 'chaos', dataset, `day=${DAY}`))])),
    }),
  };
}

async function startAgain(system: System, planHash: string, params: JsonObject): Promise<string> {
  const answer = await system.call<RunDetail>('POST', '/runs', { pipeline: 'chaos.days', planHash, params, partition: { day: DAY } });
  expect(answer, JSON.stringify(answer)).toMatchObject({ status: 200 });
  return answer?.body.runId ?? '';
}

/** The files by name and digest, and the manifest without run, attempt and the digests that hold them. */
function partitionOf(folder: string): unknown {
  const files = readdirSync(folder)
    .filter((name) => name !== '_manifest.json' && name !== '_generation.json')
    .toSorted();
  const { runId, attempt, inputs, ...same } = JSON.parse(readFileSync(join(folder, '_manifest.json'), 'utf8')) as Manifest; // format 1
  expect(runId).toHaveLength(26);
  expect(attempt).toBeGreaterThan(0);
  return {
    files: files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
    manifest: { ...same, inputs: inputs.map(({ dataset, rows }) => ({ dataset, rows })) },
  };
}

/** After the first checkpoint: the second effect follows it. */
export const pastCheckpoint = (run: DaysRun): Promise<unknown> => until('the first checkpoint', () => run.effects().includes(`${run.runId}/count/1`));

/** What holds of every run of chaos.days that ended well. */
export async function checkDays(system: System, days: DaysRun, undisturbed: unknown): Promise<RunDetail> {
  const { run, published } = await days.ended();
  expect(run, JSON.stringify(run.failures)).toMatchObject({
    status: 'done',
    output: { sum: (EFFECTS_OF_COUNT * (EFFECTS_OF_COUNT - 1)) / 2, effects: EFFECTS_OF_COUNT },
    failures: [],
  });
  expect(published).toEqual(undisturbed);
  const keys = [
    'land',
    ...Array.from({ length: EFFECTS_OF_COUNT }, (_, i) => `count/${i}`),
    ...ITEMS.map((_, i) => `items[${i}].item`),
    'report',
    'always.tidy done',
  ];
  expect(days.effects().toSorted()).toEqual(keys.map((key) => `${days.runId}/${key}`).toSorted());
  for (const dataset of DATASETS) expect(stagingsIn(join(system.store, 'chaos', dataset), days.runId)).toEqual([]);
  return run;
}

/** Folders that attempts of a run staged and that are still there. */
export function stagingsIn(dataset: string, runId: string): string[] {
  const folder = join(dataset, '.heddle', 'staging', runId);
  return existsSync(folder) ? readdirSync(folder) : [];
}
