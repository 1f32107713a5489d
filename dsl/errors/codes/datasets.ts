/** Error codes: partitions, commit, expectations, clean-up. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const datasetsCodes = {
  'HDL-FENCED': {
    title: 'A newer publish of the partition came first',
    fix: 'Nothing was lost: the newer generation is in place. If this run should replace it: heddle retry RUN.',
    exit: 1,
  },
} as const satisfies Record<string, CodeEntry>;
