/** What the live view makes of the interpreter's state and of what workers pushed. */
import { expect, it } from 'vitest';
import { liveStep } from '../../api/runs/run-detail.ts';
import type { LiveStep } from '../../dsl/contract/run.ts';

const queued: LiveStep = {
  step: 's',
  kind: 'task',
  task: 't@1',
  status: 'queued',
  waitingFor: 'a worker',
  queuedAt: 100_000,
  startedAt: null,
  endedAt: null,
  attempts: 0,
  failure: null,
};
const of = { runId: 'r', step: 's', worker: 'w' };
const failure = { class: 'user', code: 'Error', message: 'no' } as const;

it('a step runs whose last attempt started and has not ended', () => {
  const started = { ...of, kind: 'started', attempt: 2, at: 101_000 } as const;
  const ended = { ...of, kind: 'attempt', attempt: 1, at: 100_500, failure } as const;
  expect(liveStep(queued, [ended, started])).toMatchObject({ status: 'running', worker: 'w', attempts: 2 });
  expect(liveStep(queued, [started, { ...ended, attempt: 2, at: 102_000 }])).toMatchObject({ status: 'queued', worker: null });
});
