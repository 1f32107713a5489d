/** Error codes: a run that cannot start or go on. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const runCodes = {
  'HDL-UPSTREAM-FAILED': { title: 'A step did not run because one that it needs failed', fix: 'Look at the failed step: heddle explain RUN STEP.', exit: 1 },
  'HDL-NO-RUN': { title: 'There is no such run', fix: 'List the runs: heddle runs.', exit: 2, status: 404 },
  'HDL-REUSE': { title: 'The results of that run cannot be taken over', fix: 'Name an earlier step with --from, or leave --reuse out.', exit: 2, status: 409 },
  'HDL-NO-STEP': { title: 'The run has no such step', fix: 'See its steps: heddle show RUN.', exit: 2, status: 404 },
  'HDL-NO-PIPELINE': {
    title: 'There is no plan of this pipeline',
    fix: 'Check the name; heddle check lists the pipelines of the project.',
    exit: 2,
    status: 404,
  },
  'HDL-BAD-PARAMS': {
    title: 'A parameter does not fit the pipeline',
    fix: 'Give each parameter as the pipeline declares it: heddle compile PIPELINE shows the schema.',
    exit: 2,
    status: 400,
  },
  'HDL-BAD-PARTITION': {
    title: 'The partition does not fit the pipeline',
    fix: "Give --partition as the pipeline's partitions are keyed, e.g. 2001-03-01.",
    exit: 2,
    status: 400,
  },
  'HDL-RUN-ENDED': { title: 'The run is over', fix: 'heddle retry RUN runs again what failed; heddle run starts a new one.', exit: 1, status: 409 },
  'HDL-RUN-OPEN': {
    title: 'The run is not over, or has nothing to retry',
    fix: 'Wait for its end, or cancel it first. A run that is done is run again by heddle run.',
    exit: 1,
    status: 409,
  },
  'HDL-RUN-UNREACHABLE': {
    title: "The run's workflow does not answer",
    fix: "Try again; if it stays, look at the server's log and at the workflow in Temporal.",
    exit: 3,
    status: 503,
  },
  'HDL-RUN-LOST': {
    title: "A run's workflow ended without a record",
    fix: 'Find out who ended it in Temporal; heddle retry RUN goes on from the finished steps.',
    exit: 1,
  },
  'HDL-CONTROL-REFUSED': { title: 'The run did not accept the message', fix: 'Look at the run: heddle show RUN.', exit: 1, status: 409 },
  'HDL-RUN-FAILED': { title: 'A run failed', fix: 'Look at each reason: heddle show RUN; heddle explain RUN STEP. Mend it, then heddle retry RUN.', exit: 1 },
  'HDL-STEP-CANCELLED': {
    title: 'A step was cancelled from outside',
    fix: 'Find out who cancelled its activity or workflow in Temporal; then heddle retry RUN.',
    exit: 1,
  },
  'HDL-TIMEOUT-QUEUE': {
    title: 'No worker took a step in its time in the queue',
    fix: "Start a worker of that pool and class, or give the step more time: queueTimeout: '1h'.",
    exit: 1,
  },
  'HDL-TIMEOUT-RUN': { title: 'A step did not end in time', fix: 'Give it more time, or find out what it waits for.', exit: 1 },
  'HDL-TIMEOUT-HEARTBEAT': {
    title: 'A step’s worker gave no sign of life',
    fix: 'Look at the worker: its log, its memory, whether its host still runs.',
    exit: 1,
  },
  'HDL-ALWAYS-TIMEOUT': {
    title: 'An always block took too long',
    fix: 'Make it shorter: it is for cleaning up and telling people. Move work into a pipeline of its own.',
    exit: 1,
  },
  'HDL-APPROVAL-TIMEOUT': {
    title: 'Nobody answered an approval in time',
    fix: "Run it again and answer in time, or say what silence means: onTimeout: 'reject' or 'approve'.",
    exit: 1,
  },
  'HDL-WAIT-TIMEOUT': { title: 'What a step waited for did not come in time', fix: 'Find out why it did not come, then heddle retry RUN.', exit: 1 },
  'HDL-LOOP-MAX': { title: 'A loop did not end within its bound', fix: "Raise max, or let the loop stop there: onMax: 'stop'.", exit: 1 },
  'HDL-MAP-FAILED': { title: 'Too many items of a map failed', fix: 'Look at the first failure; allow some with tolerate.', exit: 1 },
  'HDL-MAP-INPUT': { title: 'A map runs over something that is no list', fix: 'Give map an array, or a list from ctx.items.', exit: 1 },
  'HDL-MAP-KEY': {
    title: 'Two items of a map have one key',
    fix: 'Let key give each item a name of its own, or leave it out: the index is used then.',
    exit: 1,
  },
  'HDL-MAP-TOO-LARGE': {
    title: 'A map runs over too many items for an array',
    fix: 'Write the items with ctx.items(...): a map over such a list takes any number.',
    exit: 1,
  },
  'HDL-NO-ITEMS-POOL': {
    title: 'No pool’s worker can read the items of a map',
    fix: 'Let the pipeline have a task on a pool: its workers reach the store.',
    exit: 1,
  },
  'HDL-NOT-PUBLISHED': {
    title: 'A partition or model that a step reads is not there',
    fix: 'Make it first: run the pipeline that publishes it, or wait for it with waitFor.',
    exit: 1,
  },
  'HDL-UNKNOWN-PIPELINE': { title: 'A plan calls a pipeline and does not say which version', fix: 'Compile the plan again with heddle compile.', exit: 1 },
  'HDL-CHILD-OPEN': {
    title: 'The workflow of a called pipeline still runs from before',
    fix: 'Wait until it has ended, or cancel it; then heddle retry RUN.',
    exit: 1,
  },
  'HDL-CHILD-ENDED': { title: 'The workflow of a step was terminated', fix: 'Find out who terminated it in Temporal; then heddle retry RUN.', exit: 1 },
  'HDL-REPIN-BUSY': {
    title: 'A run cannot move to a newer plan now',
    fix: 'Pause it, wait until its running steps have ended, then heddle resume RUN --repin.',
    exit: 1,
    status: 409,
  },
} as const satisfies Record<string, CodeEntry>;
