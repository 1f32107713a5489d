/** Error codes: caches and prewarming. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const cachesCodes = {
  'HDL-CACHE-UNKNOWN': {
    title: 'A step names a cache that the configuration has not',
    fix: 'Add it to `caches` in heddle.config.ts where the worker runs, or correct the name.',
    exit: 2,
  },
  'HDL-CACHE-UNREACHABLE': {
    title: 'A prediction cache does not answer',
    fix: 'Look whether it runs and can be reached: heddle doctor. The step is tried again.',
    exit: 3,
  },
  'HDL-CACHE-REFUSED': {
    title: 'A prediction cache answers, and refuses',
    fix: 'Look at the reason in the message: a password, rights, a server that cannot be used; then heddle doctor.',
    exit: 1,
  },
  'HDL-CACHE-FULL': {
    title: 'A prediction cache has no room left',
    fix: 'Give it more memory or disk, or remove old versions, and start the prewarming again.',
    exit: 1,
  },
  'HDL-CACHE-MOVED': {
    title: 'Another run has moved what the cache serves',
    fix: 'Nothing, if its version is the one that is wanted; else start the prewarming again.',
    exit: 1,
  },
  'HDL-CACHE-VERIFY': {
    title: 'A new version of a cache is not what it should be, and is not served',
    fix: 'Look at the counts in the message: entries that are missing were evicted or deleted by another program, mismatches were written by one.',
    exit: 1,
  },
  'HDL-CACHE-MODEL-CHANGED': {
    title: 'The model was changed while its predictions were written',
    fix: 'Start the prewarming again with the model that is in use now.',
    exit: 1,
  },
  'HDL-CACHE-SWAPPED-BACK': {
    title: 'A new version of a cache served badly, and the one before it is served again',
    fix: 'Look at what the message says of hits and times; mend it, and start the prewarming again.',
    exit: 1,
  },
} as const satisfies Record<string, CodeEntry>;
