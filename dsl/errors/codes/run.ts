/** Error codes: a run that cannot start or go on. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const runCodes = {
  'HDL-UPSTREAM-FAILED': { title: 'A step did not run because one that it needs failed', fix: 'Look at the failed step: heddle explain RUN STEP.', exit: 1 },
  'HDL-NO-RUN': { title: 'There is no such run', fix: 'List the runs: heddle runs.', exit: 2, status: 404 },
  'HDL-NO-STEP': { title: 'The run has no such step', fix: 'See its steps: heddle show RUN.', exit: 2, status: 404 },
  'HDL-NO-PIPELINE': { title: 'There is no plan of this pipeline', fix: 'Check the name; heddle check lists the pipelines of the project.', exit: 2, status: 404 },
  'HDL-BAD-PARAMS': { title: 'A parameter does not fit the pipeline', fix: 'Give each parameter as the pipeline declares it: heddle compile PIPELINE shows the schema.', exit: 2, status: 400 },
  'HDL-BAD-PARTITION': { title: 'The partition does not fit the pipeline', fix: 'Give --partition as the pipeline\'s partitions are keyed, e.g. 2001-03-01.', exit: 2, status: 400 },
  'HDL-RUN-ENDED': { title: 'The run is over', fix: 'heddle retry RUN runs again what failed; heddle run starts a new one.', exit: 1, status: 409 },
  'HDL-RUN-OPEN': { title: 'The run is not over, or has nothing to retry', fix: 'Wait for its end, or cancel it first. A run that is done is run again by heddle run.', exit: 1, status: 409 },
  'HDL-RUN-UNREACHABLE': { title: 'The run\'s workflow does not answer', fix: 'Try again; if it stays, look at the server\'s log and at the workflow in Temporal.', exit: 3, status: 503 },
  'HDL-RUN-LOST': { title: 'A run\'s workflow ended without a record', fix: 'Find out who ended it in Temporal; heddle retry RUN goes on from the finished steps.', exit: 1 },
  'HDL-CONTROL-REFUSED': { title: 'The run did not accept the message', fix: 'Look at the run: heddle show RUN.', exit: 1, status: 409 },
} as const satisfies Record<string, CodeEntry>;
