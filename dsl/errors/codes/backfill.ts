/** Error codes: backfills. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const backfillCodes = {
  'HDL-NO-DEPLOYMENT': { title: 'There is no such version of what was applied', fix: 'List them: heddle apply --history.', exit: 2, status: 404 },
  'HDL-NO-SCHEDULE': {
    title: 'The pipeline has no schedule that is applied',
    fix: 'List them: heddle schedules. Apply the project: heddle apply.',
    exit: 2,
    status: 404,
  },
  'HDL-NO-BACKFILL': { title: 'There is no such backfill', fix: 'List them: heddle backfill list.', exit: 2, status: 404 },
  'HDL-BACKFILL-TARGET': {
    title: 'This pipeline cannot be backfilled',
    fix: 'Name a pipeline with partitions that publishes `into: partition`, or one of its datasets.',
    exit: 2,
    status: 400,
  },
  'HDL-BACKFILL-RANGE': {
    title: 'The range of a backfill is empty, inverted, or does not fit',
    fix: 'Give --from and --to as keys of the pipeline.',
    exit: 2,
    status: 400,
  },
  'HDL-BACKFILL-OVERLAP': {
    title: 'Cells of this backfill are being run already',
    fix: 'Wait for the other, cancel it, or leave its cells to it: --overlap share.',
    exit: 1,
    status: 409,
  },
  'HDL-BACKFILL-CHANGED': {
    title: 'The data changed since the backfill was planned',
    fix: 'Plan again: heddle backfill plan, and start that.',
    exit: 1,
    status: 409,
  },
  'HDL-BACKFILL-EXPIRED': { title: 'The plan of the backfill has expired', fix: 'Plan again: heddle backfill plan, and start that.', exit: 1, status: 409 },
  'HDL-BACKFILL-CONFIRM': {
    title: 'A large backfill wants its size confirmed',
    fix: 'Start it with --confirm and the number of its cells.',
    exit: 2,
    status: 409,
  },
  'HDL-BACKFILL-STATE': { title: 'The backfill is not in a state for that', fix: 'Look at it: heddle backfill show ID.', exit: 1, status: 409 },
  'HDL-RUN-IN-BACKFILL': {
    title: 'This run belongs to a backfill, which steers it',
    fix: 'Pause, cancel or redo the backfill.',
    exit: 1,
    status: 409,
  },
  'HDL-BACKFILL-EMPTY': {
    title: 'There is nothing to run',
    fix: 'Each partition is left alone for the reason that the plan gives; --force runs all of them.',
    exit: 1,
    status: 409,
  },
} as const satisfies Record<string, CodeEntry>;
