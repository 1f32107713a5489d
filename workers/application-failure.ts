/** How a step's failure crosses Temporal: type = class, details[0] = StepFailure. Nothing else of the author's error goes along. */
import { ApplicationFailure } from '@temporalio/common';
import type { StepFailure } from '../dsl/contract/step.ts';

export function applicationFailure(failure: StepFailure, options: { readonly final: boolean; readonly delayMs?: number }): ApplicationFailure {
  return ApplicationFailure.create({
    type: failure.class,
    message: failure.message,
    nonRetryable: options.final,
    details: [failure],
    ...(options.delayMs !== undefined && { nextRetryDelay: options.delayMs }),
  });
}
