/**
 * OpenTelemetry spans of runs and steps, made from the record with its times. One trace a run. They go out by OTLP where its
 * variables are set; else to the SDK that somebody registered, and without one they cost nothing. Server only.
 */
import { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { RunRow } from '../catalog/runs.ts';
import type { StepRecord } from '../dsl/contract/run.ts';
import { exporterOf, type OtlpExporter, type Span } from './otlp-exporter.ts';
import { stepSpan, traceIdOf, trySpan } from './trace-ids.ts';

const tracer = trace.getTracer('heddle');
let made: OtlpExporter | null | undefined;
const exporter = (): OtlpExporter | null => (made === undefined ? (made = exporterOf(process.env, 'server')) : made);

export function traceRun(run: RunRow): void {
  // a retry is a root beside that of the try before
  write({
    traceId: traceIdOf(run.runId),
    spanId: trySpan(run.runId, run.retry),
    name: `run ${run.pipeline}`,
    start: run.retry === 0 ? run.createdAt : (run.startedAt ?? run.createdAt),
    end: run.endedAt ?? Date.now(),
    attributes: {
      'heddle.run': run.runId,
      'heddle.pipeline': run.pipeline,
      'heddle.partition': run.partition ?? '',
      'heddle.status': run.status,
      'heddle.retry': run.retry,
      ...(run.parent && { 'heddle.parent.run': run.parent.runId, 'heddle.parent.step': run.parent.step }),
    },
    failure: run.status === 'failed' ? (run.failure ?? '') : undefined,
  });
}

export function traceStep(run: RunRow, step: StepRecord): void {
  const start = step.queuedAt ?? step.startedAt;
  if (start === null || step.endedAt === null) return;
  write({
    traceId: traceIdOf(run.runId),
    spanId: stepSpan(run.runId, run.retry, step.step),
    parentSpanId: trySpan(run.runId, run.retry),
    name: `step ${step.step}`,
    start,
    end: step.endedAt,
    attributes: {
      'heddle.run': run.runId,
      'heddle.step': step.step,
      'heddle.task': step.task ?? '',
      'heddle.status': step.status,
      'heddle.attempts': step.attempts,
      'heddle.worker': step.worker ?? '',
      ...(step.startedAt !== null && { 'heddle.queued.ms': Math.max(0, step.startedAt - start) }),
    },
    failure: step.failure ? `${step.failure.class} ${step.failure.code}` : undefined,
  });
}

/** Before the process ends. */
export const flushTraces = async (): Promise<void> => exporter()?.flush();

function write(span: Span): void {
  const own = exporter();
  if (own) return own.add(span);
  const parent = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: span.traceId,
    spanId: span.parentSpanId ?? span.spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
  const written = tracer.startSpan(span.name, { startTime: span.start, attributes: span.attributes }, parent);
  if (span.failure !== undefined) written.setStatus({ code: SpanStatusCode.ERROR, message: span.failure });
  written.end(span.end);
}
