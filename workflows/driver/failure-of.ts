/** What Temporal says about a failed activity or child workflow, as a StepFailure; null when it was cancelled. Sandbox. */
import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/workflow';
import type { FailureClass } from '../../dsl/plan/types.ts';
import type { StepFailure } from '../../dsl/contract/step.ts';

const MAX_MESSAGE = 2000;
const CLASSES: readonly string[] = ['user', 'data', 'platform', 'capacity', 'upstream', 'timeout'] satisfies FailureClass[];

export function failureOf(error: unknown): StepFailure | null {
  const cause = (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause ? error.cause : error;
  if (cause instanceof CancelledFailure) return null;
  if (cause instanceof ApplicationFailure) return ofApplication(cause);
  if (cause instanceof TimeoutFailure) return ofTimeout(cause);
  if (cause instanceof TerminatedFailure) return failure('platform', 'HDL-CHILD-ENDED', 'its workflow was terminated from outside');
  if (cause instanceof Error && cause.name === 'WorkflowExecutionAlreadyStartedError')
    return failure('platform', 'HDL-CHILD-OPEN', 'a workflow of this id still runs, from a try before: retry the run when that has ended');
  return failure('platform', cause instanceof Error ? cause.name : 'Error', cause instanceof Error ? cause.message : String(cause));
}

function ofApplication(cause: ApplicationFailure): StepFailure {
  const told = cause.details?.[0];
  if (isStepFailure(told)) return told.message.length > MAX_MESSAGE ? { ...told, message: cut(told.message) } : told;
  const type = cause.type ?? 'Error';
  return failure(CLASSES.includes(type) ? (type as FailureClass) : 'platform', type, cause.message); // looked up in the list of classes
}

function ofTimeout(cause: TimeoutFailure): StepFailure {
  const before = cause.cause instanceof ApplicationFailure ? ofApplication(cause.cause) : null;
  const meta = before?.meta && { meta: before.meta };
  switch (cause.timeoutType) {
    case 'SCHEDULE_TO_START':
      return { ...failure('timeout', 'HDL-TIMEOUT-QUEUE', 'no worker took it within its time in the queue'), ...meta };
    case 'HEARTBEAT':
      return { ...failure('timeout', 'HDL-TIMEOUT-HEARTBEAT', 'its worker gave no sign of life for longer than the heartbeat time-out'), ...meta };
    default:
      return { ...failure('timeout', 'HDL-TIMEOUT-RUN', 'it did not end within its time-out'), ...meta };
  }
}

const isStepFailure = (value: unknown): value is StepFailure =>
  typeof value === 'object' &&
  value !== null &&
  'class' in value &&
  'message' in value &&
  typeof value.message === 'string' &&
  CLASSES.includes(String(value.class));

export const failure = (failureClass: FailureClass, code: string, message: string): StepFailure => ({ class: failureClass, code, message: cut(message) });

const cut = (message: string): string => (message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)} ...` : message);
