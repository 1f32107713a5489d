/** How what Temporal says about a failure becomes a StepFailure. */
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../workflows/driver/failure-of.ts';
import { shortId, utf8Bytes } from '../../workflows/driver/short-names.ts';

const inActivity = (cause: Error): ActivityFailure => new ActivityFailure('Activity task failed', 'train', 'train', 'MAXIMUM_ATTEMPTS_REACHED', 'w', cause);
const meta = { startedAt: 1, attempt: 2, worker: 'w', ms: 3 };

describe('failureOf', () => {
  it('takes the failure that the worker wrote', () => {
    const told = { class: 'data', code: 'HDL-TASK-OUTPUT', message: 'auc is missing', meta };
    expect(failureOf(inActivity(ApplicationFailure.create({ type: 'data', message: 'x', details: [told] })))).toEqual(told);
  });
  it('cuts a message that is very long', () => {
    const told = { class: 'user', code: 'Error', message: 'x'.repeat(10_000) };
    expect(failureOf(inActivity(ApplicationFailure.create({ details: [told] })))?.message.length).toBeLessThan(2100);
  });
  it('a failure of another kind is the platform’s', () => {
    expect(failureOf(inActivity(ApplicationFailure.create({ type: 'NotFound', message: 'no such activity' })))).toEqual({
      class: 'platform',
      code: 'NotFound',
      message: 'no such activity',
    });
    expect(failureOf(new Error('odd'))).toMatchObject({ class: 'platform', message: 'odd' });
  });
  it('tells the three time-outs apart, and keeps what is known of the last attempt', () => {
    const last = ApplicationFailure.create({ type: 'platform', message: 'gone', details: [{ class: 'platform', code: 'X', message: 'gone', meta }] });
    expect(failureOf(inActivity(new TimeoutFailure('t', null, 'SCHEDULE_TO_START')))).toMatchObject({ class: 'timeout', code: 'HDL-TIMEOUT-QUEUE' });
    expect(failureOf(inActivity(new TimeoutFailure('t', null, 'START_TO_CLOSE')))).toMatchObject({ class: 'timeout', code: 'HDL-TIMEOUT-RUN' });
    const silent = new TimeoutFailure('t', null, 'HEARTBEAT');
    Object.defineProperty(silent, 'cause', { value: last }); // as the SDK's converter sets it
    expect(failureOf(inActivity(silent))).toMatchObject({ class: 'timeout', code: 'HDL-TIMEOUT-HEARTBEAT', meta });
  });
  it('a cancel is no failure', () => {
    expect(failureOf(inActivity(new CancelledFailure('cancelled')))).toBeNull();
  });
});

describe('shortId', () => {
  it('leaves what fits, and cuts what does not to 200 bytes with a hash that tells it apart', () => {
    expect(shortId('trials[0.01].train')).toBe('trials[0.01].train');
    const [a, b] = ['a', 'b'].map((end) => shortId(`${'é'.repeat(200)}${end}`));
    expect(utf8Bytes(a as string)).toBeLessThanOrEqual(200);
    expect(a).not.toBe(b);
    expect(Buffer.byteLength('é€😀x')).toBe(utf8Bytes('é€😀x'));
  });
});
