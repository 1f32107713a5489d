/** How runStep fails: one error that carries the StepFailure, and the two ways in which a step ends without a verdict. */
import type { StepFailure } from '../../dsl/contract/step.ts';

/** A failed attempt, classified and redacted. */
export class StepError extends Error {
  readonly failure: StepFailure;
  /** Stack of the author's error, redacted: for the log, never for the wire. */
  readonly authorStack: string | null;
  constructor(failure: StepFailure, authorStack: string | null = null) {
    super(failure.message);
    this.name = 'StepError';
    this.failure = failure;
    this.authorStack = authorStack;
  }
}

/** The run was cancelled, or its step is wanted no more. Reason of StepHost.signal, and what runStep then throws. */
export class StepCancelled extends Error {
  override readonly name = 'StepCancelled';
}

/** The worker shuts down before the step has ended: another attempt is due, which costs no budget. Reason of StepHost.signal. */
export class StepInterrupted extends Error {
  override readonly name = 'StepInterrupted';
}

/** The attempt's own time is over. */
export class StepTimedOut extends Error {
  override readonly name = 'StepTimedOut';
}
