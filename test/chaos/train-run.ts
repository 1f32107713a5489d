/**
 * Runs of flights.train on the real flights, each to a registered version that nobody promotes: what one made, in a shape that
 * is equal for equal work whatever was killed meanwhile.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { stagingsIn } from './days-run.ts';
import type { System } from './system.ts';
import { until } from './until.ts';

const DAY = '2001-03-08';
const PARAMS = { minAuc: 0.55, grid: [{ hidden: 24, rate: 0.003 }], python: false };
const END_MS = 240_000;

export interface TrainRun {
  readonly runId: string;
  /** After the first checkpoint of its training, and when the worker has noted that the step runs (a kill before that is found by the heartbeat alone, a minute later). */
  pastCheckpoint(): Promise<unknown>;
  /** Rejects what it asks, and waits for its end. */
  ended(): Promise<RunDetail>;
}

/** Lands the flights and computes the features that flights.train reads, once for all runs. */
export async function prepareTraining(system: System): Promise<void> {
  const features = daysBefore(DAY, 35);
  const landed = [...daysBefore(features[0] ?? DAY, 28), ...features];
  for (const [pipeline, days] of [
    ['flights.land', landed],
    ['flights.features_range', features],
  ] as const) {
    const runId = await system.run(pipeline, '--param', `days=${JSON.stringify(days)}`);
    const run = await system.ended(runId, END_MS);
    expect(run, JSON.stringify(run.failures)).toMatchObject({ status: 'done' });
  }
}

/** With the hash of a plan that the server has, nothing is compiled. */
export async function startTraining(system: System, planHash?: string): Promise<TrainRun> {
  const runId =
    planHash === undefined
      ? await system.run(
          'flights.train',
          '--partition',
          DAY,
          ...Object.entries(PARAMS).flatMap(([name, value]) => ['--param', `${name}=${JSON.stringify(value)}`]),
        )
      : await again(system, planHash);
  const steps = join(system.store, 'steps', runId);
  const notes = join(system.folder, '.heddle', 'running');
  return {
    runId,
    pastCheckpoint: () =>
      until(
        'the first checkpoint of the training',
        () => readdirSync(steps, { recursive: true }).some((name) => String(name).endsWith('checkpoint.json')) && readdirSync(notes).length > 0,
        END_MS,
      ),
    async ended() {
      await until(
        `the question of run ${runId}`,
        async () => {
          const run = await system.look(runId);
          return run !== null && (run.endedAt !== null || run.steps.some(({ kind, status }) => kind === 'gate' && status === 'waiting'));
        },
        END_MS,
      );
      await until('an answer that was taken', async () => {
        const { code, stderr } = await system.heddle('reject', runId, '--note', 'only a test');
        if (code !== 0) throw new Error(stderr);
        return true;
      });
      return system.ended(runId, END_MS);
    },
  };
}

async function again(system: System, planHash: string): Promise<string> {
  const answer = await system.call<RunDetail>('POST', '/runs', { pipeline: 'flights.train', planHash, params: PARAMS, partition: { day: DAY } });
  expect(answer, JSON.stringify(answer)).toMatchObject({ status: 200 });
  return answer?.body.runId ?? '';
}

/**
 * What a training gave that must not depend on who died: its output without version and speeds, the digest of the weights, the steps with their ends.
 */
export function resultOf(run: RunDetail): unknown {
  expect(run, JSON.stringify(run.failures)).toMatchObject({ status: 'done', failures: [] });
  const output = run.output as { trained: { promoted: unknown } | null };
  expect(output.trained, JSON.stringify(run.output)).not.toBeNull();
  const registered = run.steps.find(({ step }) => step.endsWith('.register'))?.output as { model: { name: string; digest: string } } | undefined;
  expect(registered).toBeDefined();
  return {
    output: { ...output, trained: { ...output.trained, promoted: null } },
    weights: registered?.model.digest,
    steps: run.steps.map(({ step, status }) => `${step} ${status}`).toSorted(),
  };
}

/** Equal weights are one version in the registry, however often a run asked for it; and nothing is left staged. */
export async function checkEffects(system: System, run: RunDetail): Promise<void> {
  const answer = await system.call<{ versions: { digest: string }[] }>('GET', '/models/flights.delay');
  expect(answer?.body.versions).toHaveLength(1);
  for (const dataset of ['features', 'counts', 'raw']) expect(stagingsIn(join(system.store, 'flights', dataset), run.runId)).toEqual([]);
}

/** The days before one, oldest first. */
function daysBefore(day: string, count: number): string[] {
  const end = Date.parse(`${day}T00:00:00Z`);
  return Array.from({ length: count }, (_, i) => new Date(end - (count - i) * 86_400_000).toISOString().slice(0, 10));
}
