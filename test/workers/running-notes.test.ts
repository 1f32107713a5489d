/** Notes about running steps, by which a process gives back what the one before it left. Linux. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
