/** A mistake in a pipeline file, found while a plan is built. All of them are collected, so that one check shows all. */
import { HeddleError } from '../errors/heddle-error.ts';
import type { ErrorCode } from '../errors/registry.ts';

export interface Problem {
  readonly code: ErrorCode;
  /** What happened, as a sentence with the actual values. */
  readonly what: string;
  /** 'pipelines/train.ts:34:18', absolute until the plan's root is known; null where unknown. */
  readonly where: string | null;
  readonly why?: string;
  readonly fix?: string;
}

export const errorOf = (problem: Problem, more = 0): HeddleError =>
  new HeddleError(problem.code, {
    what: problem.what + (more > 0 ? ` (and ${more} more problem${more > 1 ? 's' : ''})` : ''),
    where: problem.where ?? undefined,
    why: problem.why,
    fix: problem.fix,
  });
