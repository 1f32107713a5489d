/** Error codes: a run that cannot start or go on. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const runCodes = {
  'HDL-UPSTREAM-FAILED': { title: 'A step did not run because one that it needs failed', fix: 'Look at the failed step: heddle explain RUN STEP.', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
