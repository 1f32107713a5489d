import { expect, it } from 'vitest';
import { runUnderKills } from './kills.ts';

it('a backfill of 120 cells under kills, paused once: nothing lost, nothing doubled, never more than 7 at once, and redo clears the poisoned', async () => {
  await runUnderKills({
    cells: 120,
    poisoned: 2,
    concurrency: 7,
    kills: [
      [15, 'worker'],
      [40, 'server'],
      [80, 'temporal'],
    ],
    pauseAfter: 60,
    limitMs: 120_000,
  });
  expect.hasAssertions();
}, 300_000);
