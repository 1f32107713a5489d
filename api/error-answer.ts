/** Turns whatever a handler threw into { error: ErrorJson } with the status of its code. Server only. */
import { HTTPException } from 'hono/http-exception';
import { HeddleError, isHeddleError, type ErrorJson } from '../dsl/errors/heddle-error.ts';
import { registry, type CodeEntry } from '../dsl/errors/registry.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly error: ErrorJson };
}

/** `unexpected` is called for what has no code, so that it gets into the log. */
export function errorAnswer(error: unknown, unexpected: (error: unknown) => void): ErrorAnswer {
  const known = isHeddleError(error) ? error : (fromHttp(error) ?? internal(error, unexpected));
  const entry: CodeEntry | undefined = registry[known.code];
  return { status: entry?.status ?? 500, body: { error: known.toJSON() } };
}

/** Hono's own refusals: a body that is no JSON. */
function fromHttp(error: unknown): HeddleError | undefined {
  if (!(error instanceof HTTPException) || error.status >= 500) return undefined;
  return new HeddleError('HDL-BAD-REQUEST', {
    what: `The request cannot be read: ${error.message || 'malformed'}.`,
    fix: 'Send a JSON body with content-type application/json.',
  });
}

function internal(error: unknown, unexpected: (error: unknown) => void): HeddleError {
  unexpected(error);
  return new HeddleError('HDL-INTERNAL', { what: error instanceof Error ? error.message : String(error), cause: error });
}
