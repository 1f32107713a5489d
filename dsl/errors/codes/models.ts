/** Error codes: models, registry, lineage, trackers. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const modelsCodes = {
  'HDL-MODEL-FILE': {
    title: 'The files of a model are not what was named',
    fix: 'Register the folder that the training step wrote, with the digest of its model.onnx.',
    exit: 1,
    status: 422,
  },
  'HDL-MODEL-PARITY': {
    title: 'A model does not give what its sample says',
    fix: 'Export the model again, or take the sample from the very model that is imported; --tolerance allows a larger difference.',
    exit: 1,
  },
  'HDL-NO-EARLIER': {
    title: 'There is no earlier version to go back to',
    fix: 'Name one: --to VERSION. heddle models NAME lists them.',
    exit: 1,
    status: 409,
  },
  'HDL-NO-DATASET': {
    title: 'There is no dataset of that name',
    fix: 'Look at the name in dataset(...); a dataset is known once a pipeline that uses it was sent to the server.',
    exit: 1,
    status: 404,
  },
  'HDL-NO-PARTITION': {
    title: 'A partition is not published and never was',
    fix: 'heddle partitions DATASET lists those that are.',
    exit: 1,
    status: 404,
  },
  'HDL-NO-CACHE': {
    title: 'No run has served such a version of a cache',
    fix: 'heddle lineage model:NAME@VERSION --down names the caches that hold a model.',
    exit: 1,
    status: 404,
  },
} as const satisfies Record<string, CodeEntry>;
