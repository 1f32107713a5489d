/** kill -9 of worker, server and Temporal, one moment each, while flights.train has a checkpoint behind it. Five moments each: train.full.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAndStart, startSystem, type System } from './system.ts';
import { checkEffects, prepareTraining, resultOf, startTraining } from './train-run.ts';

let system: System;
let undisturbed: unknown;
let planHash: string;
beforeAll(async () => {
  system = await startSystem({});
  await prepareTraining(system);
  const run = await (await startTraining(system)).ended();
  undisturbed = resultOf(run);
  ({ planHash } = run);
}, 400_000);
afterAll(() => system?.stop());

describe('a training whose process is killed after a checkpoint gives the same weights, numbers and steps as an undisturbed one', () => {
  it.each(['worker', 'server', 'temporal'] as const)(
    '%s',
    async (victim) => {
      const training = await startTraining(system, planHash);
      await training.pastCheckpoint();
      await killAndStart(system, victim);
      const run = await training.ended();
      expect(resultOf(run)).toEqual(undisturbed);
      await checkEffects(system, run);
      const trial = run.steps.find(({ step }) => step.endsWith('flights.train_one'));
      if (victim === 'worker') expect(trial?.attempts).toBe(2);
      if (victim === 'server') expect(trial?.attempts).toBe(1);
    },
    400_000,
  );
});
