/** Error codes: partitions, commit, expectations, clean-up. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const datasetsCodes = {
  'HDL-FENCED': {
    title: 'A newer publish of the partition came first',
    fix: 'Nothing was lost: the newer generation is in place. If this run should replace it: heddle retry RUN.',
    exit: 1,
  },
  'HDL-EXPECTATION': {
    title: 'A partition is not what its dataset expects',
    fix: 'Nothing was published. Mend the data, or change expect of the dataset if it is right as it is; then heddle retry RUN.',
    exit: 1,
  },
  'HDL-BAD-EXPECTATION': { title: 'What a dataset expects cannot be judged', fix: 'Name columns of its schema, and figures that make sense.', exit: 2 },
  'HDL-NO-GENERATION': {
    title: 'There is no such generation of the partition',
    fix: 'heddle gc may have removed it: see the kept ones in the message.',
    exit: 1,
    status: 404,
  },
} as const satisfies Record<string, CodeEntry>;
