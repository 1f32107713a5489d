/**
 * The crash matrix on the real system, one moment a point: the server dies while a worker is held at each point of its commits, and
 * while it is itself about to record a run, and has. The other kills and moments: crash-system.full.test.ts.
 */
import { afterAll, beforeAll, it } from 'vitest';
import { CrashRig, NEW } from './crash-rig.ts';
import { POINTS } from './crash-points.ts';

let rig: CrashRig;
beforeAll(async () => {
  rig = await CrashRig.start();
}, 120_000);
afterAll(() => rig?.stop());

it('the server is killed in the middle of it all: each partition has its rows once, each run is recorded once, with what it published', async () => {
  const cells = await rig.cells([...POINTS, 'record', 'run file'], ['after']);
  await rig.system.server.kill();
  await rig.system.server.start();
  rig.points.release(...cells.map(({ name }) => name));
  await rig.done(...cells.map(({ runId }) => runId));
  for (const cell of cells) await rig.isWhole(cell, NEW, 2, [cell.runId]);
}, 120_000);
