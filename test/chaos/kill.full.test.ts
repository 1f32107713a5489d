/** kill -9 of worker, server and Temporal, at five seeded random moments each, anywhere in a run. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { EFFECTS_OF_COUNT, ITEMS, daysPipeline } from './days-project.ts';
import { checkDays, startDays } from './days-run.ts';
import { SEED, mulberry32 } from './seeded.ts';
import { killAndStart, startSystem, type System } from './system.ts';
import { until } from './until.ts';

const MOMENTS = 5;
/** land, the effects of count, items, report, tidy. */
const EFFECTS = 1 + EFFECTS_OF_COUNT + ITEMS.length + 2;
/** A moment: so many effects have happened, and then so many ms more. */
interface Moment {
  readonly effects: number;
  readonly ms: number;
}

const random = mulberry32(SEED);
const moments = (): Moment[] => Array.from({ length: MOMENTS }, () => ({ effects: Math.floor(random() * EFFECTS), ms: Math.floor(random() * 300) }));
const victims = { worker: moments(), server: moments(), temporal: moments() };

let system: System;
let undisturbed: unknown;
let planHash: string;
beforeAll(async () => {
  process.stderr.write(`seed ${SEED} (HEDDLE_CHAOS_SEED)\n`);
  system = await startSystem({ files: { 'pipelines/days.ts': daysPipeline } });
  const { run, published } = await (await startDays(system, 'undisturbed')).ended();
  undisturbed = published;
  ({ planHash } = run);
}, 300_000);
afterAll(() => system?.stop());

describe.each(['worker', 'server', 'temporal'] as const)('a run whose %s is killed', (victim) => {
  it.each(victims[victim])(
    '$ms ms after its effect $effects ends as an undisturbed one',
    async ({ effects, ms }) => {
      const days = await startDays(system, `${victim}-${effects}-${ms}`, planHash);
      await until(`${effects} effects`, () => days.effects().length >= effects);
      await new Promise((resolve) => {
        setTimeout(resolve, ms);
      }); // the moment itself
      await killAndStart(system, victim);
      await checkDays(system, days, undisturbed);
    },
    300_000,
  );
});
