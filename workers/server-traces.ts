/**
 * OpenTelemetry spans of runs and steps, made from the record with its times. One trace a run. Without a registered SDK the
 * API does nothing. Server only.
 */
import { createHash } from 'node:crypto';
import { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags, type Context } from '@opentelemetry/api';
import type { RunRow } from '../catalog/runs.ts';
import type { StepRecord } from '../dsl/contract/run.ts';

const tracer = trace.getTracer('heddle');

/** All spans of a run share the trace that its id gives, whichever server writes them. */
function traceOf(runId: string): Context {
  const hash = createHash('sha256').update(runId).digest('hex');
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48), traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

export function traceRun(run: RunRow): void {
  const attributes = {
    'heddle.run': run.runId,
    'heddle.pipeline': run.pipeline,
    'heddle.partition': run.partition ?? '',
    'heddle.status': run.status,
    'heddle.retry': run.retry,
  };
  const span = tracer.startSpan(`run ${run.pipeline}`, { startTime: run.createdAt, attributes }, traceOf(run.runId));
  if (run.status === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: run.failure ?? '' });
  span.end(run.endedAt ?? Date.now());
}

export function traceStep(run: RunRow, step: StepRecord): void {
  const start = step.queuedAt ?? step.startedAt;
  if (start === null || step.endedAt === null) return;
  const attributes = {
    'heddle.run': run.runId,
    'heddle.step': step.step,
    'heddle.task': step.task ?? '',
    'heddle.status': step.status,
    'heddle.attempts': step.attempts,
    'heddle.worker': step.worker ?? '',
  };
  const span = tracer.startSpan(`step ${step.step}`, { startTime: start, attributes }, traceOf(run.runId));
  if (step.startedAt !== null) span.addEvent('started', step.startedAt);
  if (step.failure) span.setStatus({ code: SpanStatusCode.ERROR, message: `${step.failure.class} ${step.failure.code}` });
  span.end(step.endedAt);
}
