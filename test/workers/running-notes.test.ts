/** Notes about running steps, by which a process gives back what the one before it left. Linux. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { noteRunning, takeKilled } from '../../workers/running-notes.ts';
import type { RunningStep } from '../../workers/running-steps.ts';

const step: RunningStep = { runId: 'r', step: 's', pipeline: 'p', task: 't', attempt: 1, scheduledAt: 1, token: 'x', heartbeatMs: 1000 };

it.runIf(process.platform === 'linux')('takes the notes of dead processes of its own host, and leaves those of another host or container alone', () => {
  const state = mkdtempSync(join(tmpdir(), 'heddle-notes-'));
  const folder = join(state, 'running');
  const forget = noteRunning(state, 'w', step);
  const [living = ''] = readdirSync(folder);
  expect(takeKilled(state)).toEqual([]);
  const [host = '', pid, since] = living.split('-');
  writeFileSync(join(folder, `${host}-${pid}-${Number(since) + 1}-1`), JSON.stringify({ worker: 'dead', step }));
  const elsewhere = `${'0'.repeat(host.length)}-${pid}-${Number(since) + 1}-1`;
  writeFileSync(join(folder, elsewhere), JSON.stringify({ worker: 'elsewhere', step }));
  expect(takeKilled(state)).toEqual([{ worker: 'dead', step }]);
  expect(readdirSync(folder).sort()).toEqual([elsewhere, living].sort());
  forget();
  rmSync(state, { recursive: true });
});

/** Another table of processes on this host, as a container has one: needs a right that not every machine gives. */
const inOtherTable = ['--pid', '--fork', '--mount-proc', process.execPath, '--conditions=heddle-source', '--input-type=module', '-e'];
const mayUnshare = process.platform === 'linux' && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

it.runIf(mayUnshare)('leaves the living steps of a worker in another container alone that has the same host name and state folder', () => {
  const state = mkdtempSync(join(tmpdir(), 'heddle-notes-'));
  const forget = noteRunning(state, 'w', step);
  const module = fileURLToPath(new URL('../../workers/running-notes.ts', import.meta.url));
  const script = `import { takeKilled } from ${JSON.stringify(module)}; process.stdout.write(JSON.stringify(takeKilled(${JSON.stringify(state)})));`;
  const other = spawnSync('unshare', [...inOtherTable, script], { encoding: 'utf8' });
  expect(other.stdout, other.stderr).toBe('[]');
  expect(readdirSync(join(state, 'running'))).toHaveLength(1);
  forget();
  rmSync(state, { recursive: true });
});

it.runIf(process.platform === 'linux')('forgets notes that nobody has come for in a week', () => {
  const state = mkdtempSync(join(tmpdir(), 'heddle-notes-'));
  noteRunning(state, 'w', step)();
  const file = join(state, 'running', '000000000000-1-1-1');
  writeFileSync(file, '{}');
  const old = new Date(Date.now() - 8 * 86_400_000);
  utimesSync(file, old, old);
  expect(takeKilled(state)).toEqual([]);
  expect(readdirSync(join(state, 'running'))).toEqual([]);
  rmSync(state, { recursive: true });
});
