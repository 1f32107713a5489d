/**
 * From what a task threw to a failure with a class: user, data, upstream, capacity, timeout or platform. The author's
 * message, without secrets. Pure.
 */
import { columnsCodes } from '../../dsl/errors/codes/columns.ts';
import { dataCodes } from '../../dsl/errors/codes/data.ts';
import { datasetsCodes } from '../../dsl/errors/codes/datasets.ts';
import { isHeddleError, type HeddleError } from '../../dsl/errors/heddle-error.ts';
import { registry, type ErrorCode } from '../../dsl/errors/registry.ts';
import type { FailureClass } from '../../dsl/plan/types.ts';
import { StepError } from './step-error.ts';
import type { Redactor } from './redactor.ts';

/** Temporal cuts a failure at 4 KiB. Secrets go first: of one that the cut goes through, a part would stay. */
const MAX_MESSAGE = 2_000;
const UPSTREAM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EPIPE',
  'EAI_AGAIN',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
]);
const CAPACITY = new Set(['ENOSPC', 'ENOMEM', 'EDQUOT', 'EMFILE', 'ENFILE', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_MEMORY_ALLOCATION_FAILED']);
/** Codes of ours whose class does not follow from their table. */
const BY_CODE: Partial<Record<ErrorCode, FailureClass>> = {
  'HDL-TASK-INPUT': 'data',
  'HDL-TASK-OUTPUT': 'data',
  'HDL-INPUT-TOO-LARGE': 'data',
  'HDL-OUTPUT-TOO-LARGE': 'data',
  'HDL-PAGE-TOO-LARGE': 'data',
  'HDL-COMMAND-OUTPUT': 'data',
  'HDL-ARTIFACT-CHANGED': 'data',
  'HDL-STEP-TIMEOUT': 'timeout',
  'HDL-NO-TASK': 'platform',
  'HDL-NO-SECRET': 'platform',
  'HDL-NO-PROGRAM': 'platform',
  'HDL-EXIT-CALLED': 'platform',
  'HDL-LOOP-BLOCKED': 'platform',
  'HDL-CHILD-DIED': 'platform',
  'HDL-CODEC-LOST': 'platform',
  'HDL-WORKER-LOST': 'platform',
  'HDL-NO-ROOM': 'capacity',
};

export function classifyFailure(thrown: unknown, redactor: Redactor): StepError {
  if (thrown instanceof StepError) return thrown;
  if (!(thrown instanceof Error)) return new StepError({ class: 'user', code: 'Error', message: cut(redactor.text(textOf(thrown))) });
  return new StepError(
    {
      class: classOf(thrown),
      code: isHeddleError(thrown) ? thrown.code : redactor.text(thrown.name) || 'Error',
      message: cut(redactor.text(thrown.message || thrown.name)),
    },
    thrown.stack === undefined ? null : redactor.text(thrown.stack),
  );
}

function classOf(error: Error): FailureClass {
  if (isHeddleError(error)) {
    const network = networkClass(error.cause);
    return network ?? classOfCode(error);
  }
  return networkClass(error) ?? (/Array buffer allocation failed|out of memory/i.test(error.message) ? 'capacity' : 'user');
}

function classOfCode(error: HeddleError): FailureClass {
  const known = BY_CODE[error.code];
  if (known) return known;
  if (registry[error.code]?.exit === 3) return 'upstream'; // an outside part that does not answer
  return error.code in dataCodes || error.code in columnsCodes || error.code in datasetsCodes ? 'data' : 'user';
}

/** Looks through causes and gathered errors for a system error's code. */
function networkClass(error: unknown, depth = 0): 'upstream' | 'capacity' | null {
  if (!(error instanceof Error) || depth > 8) return null;
  const code = 'code' in error ? String(error.code) : '';
  if (UPSTREAM.has(code)) return 'upstream';
  if (CAPACITY.has(code)) return 'capacity';
  for (const inner of [error.cause, ...(error instanceof AggregateError ? error.errors : [])]) {
    const found = networkClass(inner, depth + 1);
    if (found) return found;
  }
  return null;
}

function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return `threw ${JSON.stringify(thrown) ?? String(thrown)}`;
  } catch {
    return 'threw a value that cannot be shown';
  }
}
const cut = (text: string): string => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}... (${text.length} characters)` : text);
