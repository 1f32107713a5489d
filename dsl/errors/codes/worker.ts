/** Error codes: what goes wrong while a step runs on a worker. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const workerCodes = {
  'HDL-NO-TASK': { title: 'No worker has this task version', fix: 'Start or update a worker whose project has this task and version.', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
