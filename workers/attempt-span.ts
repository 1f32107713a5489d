/** The span of one attempt: a child of its step's, which the server writes. Workers only. */
import { attemptNumber, type StepCall } from '../dsl/contract/step.ts';
import type { Span } from './otlp-exporter.ts';
import { attemptSpan, stepSpan, traceIdOf, traceparent } from './trace-ids.ts';

export interface TracedAttempt {
  readonly call: StepCall;
  /** Temporal's. */
  readonly attempt: number;
  readonly worker: string;
  readonly klass: string;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly status: string;
  /** 'user HDL-...'. */
  readonly failure: string | undefined;
}

export function spanOfAttempt({ call, attempt, worker, klass, scheduledAt, startedAt, status, failure }: TracedAttempt): Span {
  const { runId, step, retry = 0 } = call;
  const number = attemptNumber(call, attempt);
  return {
    traceId: traceIdOf(runId),
    spanId: attemptSpan(runId, retry, step, number),
    parentSpanId: stepSpan(runId, retry, step),
    name: `attempt ${number} of ${step}`,
    start: startedAt,
    end: Date.now(),
    attributes: {
      'heddle.run': runId,
      'heddle.step': step,
      'heddle.task': `${call.task}@${call.version}`,
      'heddle.attempt': number,
      'heddle.worker': worker,
      'heddle.class': klass,
      'heddle.status': status,
      'heddle.queued.ms': Math.max(0, startedAt - scheduledAt),
    },
    failure,
  };
}

/** What a program that makes spans of its own hangs them below. */
export function traceparentOf(call: StepCall, attempt: number): string {
  const { runId, step, retry = 0 } = call;
  return traceparent(traceIdOf(runId), attemptSpan(runId, retry, step, attemptNumber(call, attempt)));
}
