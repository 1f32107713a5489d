/** kill -9 of worker, server and Temporal, at five seeded random moments each after the first checkpoint of flights.train. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEED, mulberry32 } from './seeded.ts';
import { killAndStart, startSystem, type System } from './system.ts';
import { checkEffects, prepareTraining, resultOf, startTraining } from './train-run.ts';

const MOMENTS = 5;
const random = mulberry32(SEED);
/** Shares of the time from the first checkpoint to the end of an undisturbed run. */
const moments = (): number[] => Array.from({ length: MOMENTS }, () => Number(random().toFixed(3)));
const victims = { worker: moments(), server: moments(), temporal: moments() };

let system: System;
let undisturbed: unknown;
let planHash: string;
let restMs: number;
beforeAll(async () => {
  process.stderr.write(`seed ${SEED} (HEDDLE_CHAOS_SEED)\n`);
  system = await startSystem({});
  await prepareTraining(system);
  const training = await startTraining(system);
  await training.pastCheckpoint();
  const started = performance.now();
  const run = await training.ended();
  restMs = performance.now() - started;
  undisturbed = resultOf(run);
  ({ planHash } = run);
}, 400_000);
afterAll(() => system?.stop());

describe.each(['worker', 'server', 'temporal'] as const)('a training whose %s is killed', (victim) => {
  it.each(victims[victim])(
    'at %s of the time after its first checkpoint ends as an undisturbed one',
    async (share) => {
      const training = await startTraining(system, planHash);
      await training.pastCheckpoint();
      await new Promise((resolve) => {
        setTimeout(resolve, share * restMs);
      }); // the moment itself
      await killAndStart(system, victim);
      const run = await training.ended();
      expect(resultOf(run)).toEqual(undisturbed);
      await checkEffects(system, run);
    },
    400_000,
  );
});
