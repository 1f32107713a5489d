/** Error codes: stores, datasets, partitions, files. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const dataCodes = {
  'HDL-PARTITION-EXISTS': { title: 'The partition is already published', fix: 'Nothing to do if it is the same run; else force a replacement.', exit: 1 },
  'HDL-BAD-KEY': { title: 'A partition key does not fit its dataset or pipeline', fix: 'Write the key as the message shows.', exit: 2, status: 400 },
  'HDL-BAD-SPAN': { title: 'A window of time is not understood', fix: 'Write it as 12h, 28d, 4w, 3mo, 2q, 1y or, by partitions, 5p.', exit: 1 },
  'HDL-BAD-URI': { title: 'A URI names no place that is configured', fix: 'Use store://..., or a file system of the configuration.', exit: 2 },
  'HDL-NOT-FOUND': { title: 'A file or folder is not there', fix: 'Look whether it was removed, or whether the storage root is another one.', exit: 1 },
  'HDL-STORE-FAILED': {
    title: 'The file system of the store refused',
    fix: 'Look at the reason in the message: space, rights, a name that is too long. The step is tried again.',
    exit: 3,
  },
  'HDL-VALUE-CHANGED': {
    title: 'A stored file is not the one that was written',
    fix: 'Somebody edited or replaced it: run the step that made it again.',
    exit: 1,
  },
  'HDL-BAD-ROW-SCHEMA': {
    title: 'The rows of a dataset have no shape that columns can hold',
    fix: 'Give the dataset a z.object({...}) as its schema.',
    exit: 1,
  },
  'HDL-BAD-ROW': { title: 'A row does not fit its dataset', fix: 'Mend the code that writes it; the message names column, row, expected and found.', exit: 1 },
  'HDL-FILE-SCHEMA': {
    title: 'A file does not have the columns of its dataset',
    fix: 'Find out who wrote the file; change the schema of the dataset, or write the partition anew.',
    exit: 1,
  },
  'HDL-BAD-FILE': { title: 'A file is no Parquet, or it is cut off', fix: 'Write the partition anew: heddle run its pipeline for that partition.', exit: 1 },
  'HDL-PARTITION-CHANGED': { title: 'A partition was rewritten after the run pinned it', fix: 'Start a new run: it reads the present state.', exit: 1 },
  'HDL-STAGING-GONE': { title: 'What a step staged is not there any more', fix: 'Run the step again: heddle retry RUN.', exit: 1 },
  'HDL-MANIFEST': { title: 'A staged partition is not what its manifest says', fix: 'Run the step again: heddle retry RUN.', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
