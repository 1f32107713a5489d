/**
 * The crash matrix on the real system: real Temporal, server and worker. Runs are held before and after each point of their
 * commits, then one process is killed with SIGKILL, or sleeps while its work is done by another and wakes after that. Each
 * partition ends with each row exactly once, one generation in place, nothing staged, and the catalog says what the store has.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { part } from '../chaos/part.ts';
import { POINTS, type Point } from './crash-points.ts';
import { CrashRig, NEW, OLD } from './crash-rig.ts';

const NEWEST = [6, 7];
const TEST_MS = 480_000;
let rig: CrashRig;
beforeAll(async () => {
  rig = await CrashRig.start();
}, 120_000);
afterAll(() => rig?.stop());

describe('killed at each point', () => {
  it.each([
    ['nobody looks meanwhile', false],
    ['readers look meanwhile', true],
  ])(
    'the worker, and %s: its next process ends what it began',
    async (_, isRead) => {
      const cells = await rig.cells();
      await rig.system.worker.kill();
      if (isRead) for (const { day, name } of cells) expect([OLD, NEW], name).toContainEqual(await rig.values(await rig.pin(day)));
      await rig.system.worker.start();
      await rig.done(...cells.map(({ runId }) => runId));
      for (const cell of cells) await rig.isWhole(cell, NEW, 2, [cell.runId]);
    },
    TEST_MS,
  );

  it(
    'the server, while workers publish: they go on, and it takes up what it knew',
    async () => {
      const cells = await rig.cells();
      await rig.system.server.kill();
      await rig.system.server.start();
      rig.points.release(...cells.map(({ name }) => name));
      await rig.done(...cells.map(({ runId }) => runId));
      for (const cell of cells) await rig.isWhole(cell, NEW, 2, [cell.runId]);
    },
    TEST_MS,
  );

  it(
    'the server, before, between and after what it records of a run: it is recorded once',
    async () => {
      const cells = await rig.cells(['record', 'run file']);
      await rig.system.server.kill();
      await rig.system.server.start();
      await rig.done(...cells.map(({ runId }) => runId));
      for (const cell of cells) await rig.isWhole(cell, NEW, 2, [cell.runId]);
    },
    TEST_MS,
  );

  it(
    'worker and server at once: both take it up',
    async () => {
      const cells = await rig.cells();
      await Promise.all([rig.system.worker.kill(), rig.system.server.kill()]);
      await Promise.all([rig.system.worker.start(), rig.system.server.start()]);
      await rig.done(...cells.map(({ runId }) => runId));
      for (const cell of cells) await rig.isWhole(cell, NEW, 2, [cell.runId]);
    },
    TEST_MS,
  );
});

describe('a worker that sleeps at each point and wakes', () => {
  it(
    'after another one did its work, and a later run replaced that: it changes nothing',
    async () => {
      const { system, points } = rig;
      const cells = await rig.cells();
      const sleepers = points.holders();
      for (const pid of sleepers) process.kill(pid, 'SIGSTOP');
      const second = part(['worker'], { cwd: system.folder, env: { ...system.env } });
      try {
        await second.start();
        await rig.done(...cells.map(({ runId }) => runId));
        const later = await Promise.all(cells.map(({ day }) => rig.run(day, NEWEST)));
        await rig.done(...later);
        points.release(...cells.map(({ name }) => name));
        for (const pid of sleepers) process.kill(pid, 'SIGCONT');
        await system.worker.stop(); // when its attempts have ended
        for (const [i, cell] of cells.entries()) await rig.isWhole(cell, NEWEST, 3, [later[i] ?? '']);
        // what a zombie staged after its run was over goes with the next clean-up
        const { code, stdout, stderr } = await system.heddle('gc', '--yes', '--json');
        expect(code, stdout + stderr).toBe(0);
        for (const cell of cells) await rig.isWhole(cell, NEWEST, 3, [cell.runId]);
      } finally {
        for (const pid of sleepers)
          try {
            process.kill(pid, 'SIGCONT');
          } catch {
            // it has ended
          }
        await second.stop();
        await system.worker.start();
      }
    },
    TEST_MS,
  );
});

describe('two runs for one partition at once', () => {
  /** The first one has its number by then. */
  const isPublish = (point: Point): boolean => POINTS.indexOf(point) >= POINTS.indexOf('check');

  it(
    'the second comes and goes while the first is held at each point: the higher number stays, the lower is told',
    async () => {
      const cells = await rig.cells();
      const others = await Promise.all(cells.map(({ day }) => rig.run(day, NEWEST)));
      await rig.done(...others);
      rig.points.release(...cells.map(({ name }) => name));
      for (const [i, cell] of cells.entries()) {
        await rig.doneOrFenced(cell.runId, cell.name);
        await rig.isWhole(cell, isPublish(cell.point) ? NEWEST : NEW, 3, [cell.runId, others[i] ?? '']);
      }
    },
    TEST_MS,
  );

  it(
    'both are held and their worker is killed: one of them is in place, whole, and the other is kept or told',
    async () => {
      const cells = await rig.cells();
      const others = await rig.heldBeside(cells, NEWEST);
      await rig.system.worker.kill();
      await rig.system.worker.start();
      rig.points.release(...rig.points.held());
      for (const [i, cell] of cells.entries()) {
        await rig.doneOrFenced(cell.runId, cell.name);
        await rig.doneOrFenced(others[i] ?? '', cell.name);
        await rig.isWhole(cell, isPublish(cell.point) ? NEWEST : await rig.newestOf(cell.day, cell.runId, NEW, NEWEST), 3, [cell.runId, others[i] ?? '']);
      }
    },
    TEST_MS,
  );
});
