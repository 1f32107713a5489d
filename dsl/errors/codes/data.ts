/** Error codes: stores, datasets, partitions, files. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const dataCodes = {
  'HDL-PARTITION-EXISTS': { title: 'The partition is already published', fix: 'Nothing to do if it is the same run; else force a replacement.', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
