/** Error codes: what goes wrong while a step runs on a worker. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const workerCodes = {
  'HDL-NO-TASK': { title: 'No worker has this task version', fix: 'Start or update a worker whose project has this task and version.', exit: 1 },
  'HDL-INPUT-TOO-LARGE': {
    title: 'The assembled input of a step is too large',
    fix: 'Pass large data by ctx.artifact(...) or as a dataset, and lists by ctx.items(...); give the step the handle.',
    exit: 1,
  },
  'HDL-OUTPUT-TOO-LARGE': {
    title: 'The output of a step is too large',
    fix: 'Write large data with ctx.artifact(...) or ctx.write(...), and lists with ctx.items(...); return the handle.',
    exit: 1,
  },
  'HDL-PAGE-TOO-LARGE': {
    title: 'A page of an item list is too large for a map',
    fix: 'Put the large part of each item into an artifact (ctx.artifact), and give the list the handles; or begin the list with items of the usual size.',
    exit: 1,
  },
  'HDL-NOT-WRITTEN': {
    title: 'A step published a slice that it did not write',
    fix: 'Write the partition with ctx.write(dataset, rows) and return what that gives.',
    exit: 1,
  },
  'HDL-ARTIFACT-CHANGED': {
    title: 'An artifact is not the one that was written',
    fix: 'Run the step that writes it again; do not change files below the store by hand.',
    exit: 1,
  },
  'HDL-NO-SECRET': {
    title: 'A worker has no secret of this name',
    fix: 'Set HEDDLE_SECRET_<NAME> where the worker runs, or add it to the file that HEDDLE_SECRETS_FILE names.',
    exit: 1,
  },
  'HDL-STEP-TIMEOUT': {
    title: 'A step did not end in time',
    fix: 'Give it more time (timeout), make it save checkpoints, or find out why it hangs: heddle logs RUN STEP.',
    exit: 1,
  },
  'HDL-WORKER-LOST': {
    title: 'The attempts of a step ended with their worker',
    fix: 'Look at the log of the worker and at the memory of its host; then heddle retry RUN.',
    exit: 1,
  },
  'HDL-EXIT-CALLED': {
    title: 'A task tried to end the process of its worker',
    fix: "Throw an error instead. Where a library calls process.exit, run the task with isolate: 'process'.",
    exit: 1,
  },
  'HDL-LOOP-BLOCKED': {
    title: 'A task blocked its worker',
    fix: "Await something now and then in long computations, or run the task with isolate: 'process'.",
    exit: 1,
  },
  'HDL-CHILD-DIED': {
    title: 'The process of an isolated step ended before the step',
    fix: 'Look at the log of the step; a crash of a native library or the memory of the host are usual reasons.',
    exit: 1,
  },
  'HDL-BATCH-OUTCOMES': {
    title: 'The batch code of a task did not give one outcome for each partition',
    fix: 'Give an array as long as the one it got: a result or an Error for each.',
    exit: 1,
  },
  'HDL-COMMAND-FAILED': { title: 'The program of a command task failed', fix: 'Look at its output: heddle logs RUN STEP.', exit: 1 },
  'HDL-COMMAND-OUTPUT': {
    title: 'The program of a command task wrote no JSON',
    fix: 'Write one JSON value to the file that HEDDLE_OUTPUT names; messages go to stdout or stderr.',
    exit: 1,
  },
  'HDL-NO-PROGRAM': {
    title: 'The program of a command task cannot be started',
    fix: 'Install it on the workers of the pool, or name it by its whole path.',
    exit: 1,
  },
  'HDL-NO-ROOM': { title: 'A worker had no room for a step at this moment', fix: 'Nothing: the step is tried again and no attempt is charged.', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
