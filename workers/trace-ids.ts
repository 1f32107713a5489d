/**
 * Ids of traces and spans. They follow from the run, so that server and workers write spans of one trace without handing ids
 * about: a run is a trace, its try the root, a step a child of the try, an attempt a child of the step. Workers and server.
 */
import { createHash } from 'node:crypto';

const hash = (...parts: readonly (string | number)[]): string => createHash('sha256').update(parts.join('\0')).digest('hex');

/** 32 hex digits. */
export const traceIdOf = (runId: string): string => createHash('sha256').update(runId).digest('hex').slice(0, 32);

/** 16 hex digits. */
export const trySpan = (runId: string, retry: number): string => hash('try', runId, retry).slice(0, 16);
export const stepSpan = (runId: string, retry: number, step: string): string => hash('step', runId, retry, step).slice(0, 16);
export const attemptSpan = (runId: string, retry: number, step: string, attempt: number): string => hash('attempt', runId, retry, step, attempt).slice(0, 16);

/** W3C trace context. */
export const traceparent = (traceId: string, spanId: string): string => `00-${traceId}-${spanId}-01`;
