/**
 * The one error class that people see. Four parts: what happened, where, why it matters, what to do.
 * Runs everywhere, the workflow sandbox included; anybody may import it.
 */
import { registry, type ErrorCode } from './registry.ts';

export interface ErrorParts {
  /** What happened, as a sentence with the actual values in it. */
  readonly what: string;
  /** Where: pipeline, step, attempt, partition, file:line. */
  readonly where?: string | undefined;
  /** Why it matters, where that is not plain. */
  readonly why?: string | undefined;
  /** What to do; the registry's general advice stands where this is left out. */
  readonly fix?: string | undefined;
  readonly cause?: unknown;
}

/** JSON form of an error, as the API and `--json` give it. */
export interface ErrorJson {
  readonly code: ErrorCode;
  readonly what: string;
  readonly where: string | null;
  readonly why: string | null;
  readonly fix: string;
  readonly page: string;
}

export class HeddleError extends Error {
  readonly code: ErrorCode;
  readonly what: string;
  readonly where: string | null;
  readonly why: string | null;
  readonly fix: string;

  constructor(code: ErrorCode, parts: ErrorParts) {
    const fix = parts.fix ?? registry[code].fix;
    super(
      [`${code}: ${parts.what}`, parts.where && `  where: ${parts.where}`, parts.why && `  why: ${parts.why}`, `  do: ${fix}`, `  more: ${pageOf(code)}`]
        .filter(Boolean)
        .join('\n'),
      parts.cause === undefined ? undefined : { cause: parts.cause },
    );
    this.name = 'HeddleError';
    this.code = code;
    this.what = parts.what;
    this.where = parts.where ?? null;
    this.why = parts.why ?? null;
    this.fix = fix;
  }

  toJSON(): ErrorJson {
    return { code: this.code, what: this.what, where: this.where, why: this.why, fix: this.fix, page: pageOf(this.code) };
  }
}

/** Path of the page of a code, relative to the package. */
export const pageOf = (code: ErrorCode): string => `docs/errors/${code}.md`;

/** True also for an error of another copy of this module. */
export const isHeddleError = (error: unknown): error is HeddleError => error instanceof Error && error.name === 'HeddleError' && 'code' in error;

/** The process's exit code for an error: 1 failed, 2 wrong use, 3 an outside part is unreachable. */
export const exitCodeOf = (error: unknown): 1 | 2 | 3 => (isHeddleError(error) ? (registry[error.code]?.exit ?? 1) : 1);
