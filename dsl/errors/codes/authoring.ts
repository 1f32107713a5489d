/** Error codes: mistakes in pipeline files, found by `heddle check` or while a body is recorded. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const authoringCodes = {
  'HDL-OUTSIDE-PIPELINE': { title: 'A step was called outside a pipeline body', fix: 'Call tasks inside pipeline(..., body). To run one by itself: task.run(input).', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
