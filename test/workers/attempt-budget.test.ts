import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { budgetUsedUp, chargedBefore, isFinal, noTaskDelayMs } from '../../workers/attempt-budget.ts';
import { carryLost, lostFolder, lostNotes, writeLost } from '../../workers/lost-attempts.ts';
import { lostFailure } from '../../workers/lost-failure.ts';
import type { RunningStep } from '../../workers/running-steps.ts';
import { tempFiles } from '../activities-step/temp-host.ts';

describe('the budget of attempts', () => {
  it('never lets more attempts be charged than it has, whatever happens in between', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.constantFrom('uncharged', 'failed', 'silent'), { minLength: 60, maxLength: 60 }),
        (budget, fates) => {
          let uncharged = 0;
          let charged = 0;
          for (const [i, fate] of fates.entries()) {
            const count = { attempt: i + 1, uncharged, budget };
            expect(chargedBefore(count)).toBe(charged);
            if (budgetUsedUp(count)) break;
            if (fate === 'uncharged') uncharged++;
            else {
              charged++;
              if (fate === 'failed' && isFinal(count, 'platform')) break;
            }
          }
          expect(charged).toBeLessThanOrEqual(budget);
        },
      ),
    );
  });
  it('makes user and data failures final at once', () => {
    const count = { attempt: 1, uncharged: 0, budget: 5 };
    expect([isFinal(count, 'user'), isFinal(count, 'data'), isFinal(count, 'upstream'), isFinal({ ...count, attempt: 5 }, 'upstream')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
  it('waits 1 s for a worker, doubled, at most 30 s', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 1000].map(noTaskDelayMs)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });
});

const step = (name: string, attempt: number, scheduledAt = 5): RunningStep => ({
  runId: 'r',
  step: name,
  pipeline: 'p',
  task: `t.${name}`,
  attempt,
  scheduledAt,
  token: `${name}${attempt}`,
  heartbeatMs: 1000,
});
const call = {
  project: 'p',
  runId: 'r',
  pipeline: 'p.p',
  planHash: 'h',
  step: 's',
  task: 't.s',
  version: '1',
  input: null,
  attempts: 2,
  timeoutMs: 10_000,
  heartbeatMs: 1000,
};

describe('lost attempts', () => {
  it('are known to the attempts after them: who was to blame, and who was not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-lost-'));
    const files = tempFiles(join(folder, 'store'));
    writeLost(folder, {
      worker: 'w',
      at: 17,
      what: 'blocked its worker for 3 s',
      steps: [
        { ...step('a', 1), culprit: true },
        { ...step('b', 2), culprit: false },
      ],
    });
    writeFileSync(join(lostFolder(folder), 'broken.json'), '{');
    expect(await carryLost(folder, files)).toHaveLength(1);
    expect(await carryLost(folder, files)).toEqual([]);
    expect(await lostNotes(files, step('a', 2))).toEqual([{ culprit: true, culprits: ['a (t.a)'], worker: 'w', at: 17, what: 'blocked its worker for 3 s' }]);
    expect(await lostNotes(files, step('b', 3))).toMatchObject([{ culprit: false }]);
    expect(await lostNotes(files, step('b', 2))).toEqual([]); // not about itself
    expect(await lostNotes(files, step('b', 3, 6))).toEqual([]); // the interpreter started it anew
    rmSync(folder, { recursive: true });
  });

  it('end a step with what is known: the culprit, the time, or nothing', () => {
    const info = { attempt: 3, currentAttemptScheduledTimestampMs: 100_000 };
    expect(lostFailure(call, info, undefined, [{ culprit: true, culprits: [], worker: 'w', at: 1, what: 'blocked its worker for 3 s' }])).toMatchObject({
      class: 'platform',
      code: 'HDL-LOOP-BLOCKED',
    });
    expect(lostFailure(call, info, { uncharged: 0, startedAt: 90_000, worker: 'w2' }, [])).toMatchObject({ class: 'timeout', code: 'HDL-STEP-TIMEOUT' });
    const silent = lostFailure(call, info, { uncharged: 0, startedAt: 98_000, worker: 'w2' }, []);
    expect(silent).toMatchObject({ class: 'platform', code: 'HDL-WORKER-LOST' });
    expect(silent.message).toContain('last heard from w2');
    expect(lostFailure(call, info, undefined, [])).toMatchObject({ class: 'platform', code: 'HDL-WORKER-LOST' });
  });
});
