/**
 * A mistake of an author as the command line and the tests see it: with file, line, column and the mend. Made from the
 * problems of dsl/plan, from thrown errors and from the compiler's diagnostics. Command line and tests import it.
 */
import { relative, sep } from 'node:path';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import { registry, type ErrorCode } from '../dsl/errors/registry.ts';
import type { Problem as PlanProblem } from '../dsl/plan/problem.ts';

export interface Problem {
  readonly code: ErrorCode;
  /** What happened and, where that is not plain, why it matters. May have several lines (compiler messages). */
  readonly message: string;
  /** Relative to the project's folder, with forward slashes; null where no file is at fault. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  readonly column: number | null;
  readonly fix: string;
  readonly catcher: 'compiler' | 'check';
}

export interface Place {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** 'pipelines/a.ts:3:14' or an absolute one, or a file alone. */
export function parsePlace(place: string, folder: string): Place {
  const found = /^(.*?)(?::(\d+))?(?::(\d+))?$/.exec(place);
  const [, file = place, line, column] = found ?? [];
  return { file: relativeFile(file, folder), line: line === undefined ? null : Number(line), column: column === undefined ? null : Number(column) };
}

export function relativeFile(file: string, folder: string): string {
  if (!file.startsWith(folder)) return file;
  return relative(folder, file).replaceAll(sep, '/');
}

interface Parts {
  readonly code: ErrorCode;
  readonly what: string;
  readonly where?: string | null | undefined;
  readonly why?: string | null | undefined;
  readonly fix?: string | undefined;
}

export function problemOf({ code, what, where, why, fix }: Parts, folder: string): Problem {
  const place = where ? parsePlace(where, folder) : { file: null, line: null, column: null };
  return { code, message: why ? `${what} ${why}` : what, ...place, fix: fix ?? registry[code].fix, catcher: 'check' };
}

export const ofPlanProblem = (problem: PlanProblem, folder: string): Problem => problemOf(problem, folder);

/** Of a thrown error; `code` is for errors that are not ours. */
export function ofError(error: unknown, code: ErrorCode, what: (text: string) => string, where: string | null, folder: string): Problem {
  if (isHeddleError(error)) return problemOf({ code: error.code, what: error.what, where: error.where ?? where, why: error.why, fix: error.fix }, folder);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return problemOf({ code, what: what(text), where }, folder);
}

/** In the order of the files, each once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  const once = problems.filter((problem) => {
    const mark = JSON.stringify([problem.code, problem.message, problem.file, problem.line, problem.column]);
    return !seen.has(mark) && seen.add(mark);
  });
  return once.sort((a, b) => (a.file ?? '').localeCompare(b.file ?? '', 'en') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** 'pipelines/a.ts:3:14  HDL-X  what' and the mend on the next line. */
export function showProblem(problem: Problem): string {
  const { file, line, column } = problem;
  const where = file === null ? '' : `${[file, line, column].filter((part) => part !== null).join(':')}  `;
  return `${where}${problem.code}  ${problem.message}\n    do: ${problem.fix}`;
}
