/** How a control activity fails so that the interpreter sees a StepFailure and does not ask again. Server only. */
import { ApplicationFailure } from '@temporalio/activity';
import type { StepFailure } from '../dsl/contract/step.ts';
import type { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { FailureClass } from '../dsl/plan/types.ts';

export function finalFailure(error: HeddleError, failureClass: FailureClass): ApplicationFailure {
  const failure: StepFailure = { class: failureClass, code: error.code, message: error.message };
  return ApplicationFailure.create({ type: failureClass, message: error.message, nonRetryable: true, details: [failure] });
}
