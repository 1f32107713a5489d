/** kill -9 of worker, server and Temporal, one moment each, while a run has a checkpoint behind it. Five moments each: kill.full.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { daysPipeline } from './days-project.ts';
import { checkDays, pastCheckpoint, startDays, type DaysRun } from './days-run.ts';
import { startSystem, type System } from './system.ts';

let system: System;
let undisturbed: unknown;
let planHash: string;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/days.ts': daysPipeline } });
  const days = await startDays(system, 'undisturbed');
  undisturbed = (await days.ended()).published;
  ({ planHash } = await checkDays(system, days, undisturbed));
  expect(days.calls()).toHaveLength(7);
}, 300_000);
afterAll(() => system?.stop());

const attemptsOf = (run: RunDetail, step: string): number | undefined => run.steps.find((found) => found.step === step)?.attempts;
/** Steps that were not under way when something died ran once. */
const ranOnce = (days: DaysRun, ...steps: string[]): void => {
  for (const step of steps)
    expect(
      days.calls().filter((call) => call.startsWith(`${days.runId}/${step} `)),
      step,
    ).toEqual([`${days.runId}/${step} 1`]);
};

describe('a run with a checkpoint behind it ends as an undisturbed one', () => {
  it('when its worker is killed: the step goes on from its checkpoint in another attempt', async () => {
    const days = await startDays(system, 'worker', planHash);
    await pastCheckpoint(days);
    await system.worker.kill();
    const before = days.effects().length;
    await system.worker.start();
    const run = await checkDays(system, days, undisturbed);
    expect(before).toBeLessThan(days.effects().length);
    expect(attemptsOf(run, 'count')).toBe(2);
    expect(days.calls().filter((call) => call.startsWith(`${days.runId}/count `))).toEqual([`${days.runId}/count 1`, `${days.runId}/count 2`]);
    ranOnce(days, 'land', 'report', 'always.tidy');
    const { stdout } = await system.heddle('show', days.runId);
    expect(stdout).toMatch(/^STEP .* TRIES /m);
    expect(stdout).toMatch(/^count +done .* 2 +\S+\/default\/\d+/m);
  }, 300_000);

  it('when the server is killed: the worker does not even notice', async () => {
    const days = await startDays(system, 'server', planHash);
    await pastCheckpoint(days);
    await system.server.kill();
    await system.server.start();
    const run = await checkDays(system, days, undisturbed);
    expect(attemptsOf(run, 'count')).toBe(1);
    ranOnce(days, 'land', 'count', 'report', 'always.tidy');
  }, 300_000);

  it('when Temporal is killed: server and worker wait for it', async () => {
    const days = await startDays(system, 'temporal', planHash);
    await pastCheckpoint(days);
    await system.temporal.kill();
    await system.temporal.restart();
    const run = await checkDays(system, days, undisturbed);
    expect(attemptsOf(run, 'count')).toBeGreaterThanOrEqual(1);
    ranOnce(days, 'land', 'report', 'always.tidy');
  }, 300_000);
});
