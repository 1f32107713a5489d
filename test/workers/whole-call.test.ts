/** What a step's call leaves out of the history, and how the worker puts it back. */
import { expect, it } from 'vitest';
import { GATE_MS, type SentCall, type StepCall } from '../../dsl/contract/step.ts';
import { wholeCall } from '../../workers/whole-call.ts';

const info = { activityType: 'flights.train', startToCloseTimeoutMs: 60_000 + GATE_MS, heartbeatTimeoutMs: 30_000 };
const sent: SentCall = { runId: 'r', pipeline: 'p', step: 's', version: '1', input: { x: 1 }, attempts: 3 };

it('takes the task and its time-outs from the activity, and the project from the worker', () => {
  expect(wholeCall(sent, info, 'default')).toEqual({
    ...sent,
    project: 'default',
    task: 'flights.train',
    planHash: '',
    timeoutMs: 60_000,
    heartbeatMs: 30_000,
  } satisfies StepCall);
});

it('believes a call that has it all: an older interpreter sent it', () => {
  const old: StepCall = { ...sent, project: 'other', task: 'flights.old', planHash: 'h', timeoutMs: 1, heartbeatMs: 2 };
  expect(wholeCall(old, info, 'default')).toEqual(old);
});
