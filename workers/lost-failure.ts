/** The failure of a step whose attempts all ended without a word: what is known about why. Pure. */
import type { HeartbeatDetails } from '../activities/step/step-host.ts';
import type { StepCall, StepFailure } from '../dsl/contract/step.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { LostNote } from './lost-attempts.ts';

export function lostFailure(
  call: StepCall,
  info: { readonly attempt: number; readonly currentAttemptScheduledTimestampMs: number },
  last: HeartbeatDetails | undefined,
  notes: readonly LostNote[],
): StepFailure {
  const where = `${call.pipeline}, task ${call.task} ${call.version}, before attempt ${info.attempt}`;
  const blamed = notes.find(({ culprit }) => culprit);
  if (blamed) {
    const error = new HeddleError('HDL-LOOP-BLOCKED', {
      what: `Step ${call.step} (task ${call.task}) ${blamed.what}, on worker ${blamed.worker}.`,
      where,
      why: 'Nothing else could run there, so the worker was ended.',
    });
    return { class: 'platform', code: error.code, message: error.message };
  }
  if (last && info.currentAttemptScheduledTimestampMs - last.startedAt >= call.timeoutMs * 0.95) {
    const error = new HeddleError('HDL-STEP-TIMEOUT', {
      what: `Step ${call.step} did not end within ${call.timeoutMs / 1000} s in any of ${call.attempts} attempts; the last known one ran on ${last.worker}.`,
      where,
    });
    return { class: 'timeout', code: error.code, message: error.message };
  }
  const error = new HeddleError('HDL-WORKER-LOST', {
    what: `All ${call.attempts} attempts of step ${call.step} ended without a word: their worker died or was silent for more than ${call.heartbeatMs / 1000} s.${last ? ` It was last heard from ${last.worker}.` : ''}`,
    where,
  });
  return { class: 'platform', code: error.code, message: error.message };
}
