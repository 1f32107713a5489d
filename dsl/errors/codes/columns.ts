/** Error codes: Parquet files and their schemas. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const columnsCodes = {
  'HDL-CODEC-LOST': {
    title: 'The thread that reads and writes Parquet ended in the middle of its work',
    fix: 'The step is tried again in a new thread. If it ends again, give the worker more memory, or write smaller batches.',
    exit: 1,
  },
  'HDL-BAD-WHERE': {
    title: 'A condition on a read names no column, or compares it with a value of another kind',
    fix: 'Use the name of a column and a value of its kind; the message shows both.',
    exit: 1,
  },
} as const satisfies Record<string, CodeEntry>;
