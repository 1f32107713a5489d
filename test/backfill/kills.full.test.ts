import { expect, it } from 'vitest';
import { runUnderKills } from './kills.ts';

it('a backfill of 2,000 cells, 1 % of them poisoned, with server and worker killed twice and Temporal once', async () => {
  await runUnderKills({
    cells: 2_000,
    poisoned: 20,
    concurrency: 7,
    kills: [
      [200, 'worker'],
      [500, 'server'],
      [900, 'temporal'],
      [1_200, 'worker'],
      [1_600, 'server'],
    ],
    pauseAfter: 1_000,
    limitMs: 900_000,
  });
  expect.hasAssertions();
}, 1_800_000);
