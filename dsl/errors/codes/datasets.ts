/** Error codes: partitions, commit, expectations, clean-up. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const datasetsCodes = {} as const satisfies Record<string, CodeEntry>;
