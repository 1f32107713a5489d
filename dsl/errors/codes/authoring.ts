/** Error codes: mistakes in pipeline files, found by `heddle check` or while a body is recorded. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const authoringCodes = {
  'HDL-OUTSIDE-PIPELINE': {
    title: 'A step was called outside a pipeline body',
    fix: 'Call tasks inside pipeline(..., body). To run one by itself: task.run(input).',
    exit: 1,
  },
  'HDL-REF-MISUSE': {
    title: 'A ref was used as if it were its value',
    fix: 'Use text`...` for text, gte()/eq() for conditions, map() for loops, or hand the ref to a task.',
    exit: 1,
  },
  'HDL-REF-LEAK': { title: 'A value is used outside of the block that made it', fix: 'Return it from the block, and use what the block gives.', exit: 1 },
  'HDL-NOT-JSON': {
    title: 'A value was given that JSON cannot carry',
    fix: 'Give plain data or a ref: strings, numbers, booleans, null, arrays and objects of them.',
    exit: 1,
  },
  'HDL-NOT-JSON-SCHEMA': {
    title: 'A schema cannot be written as JSON Schema',
    fix: 'Only JSON crosses steps: z.iso.datetime() for dates, objects or arrays for maps and sets, z.int() or a string for bigints, .nullable() for what may be missing; no transforms.',
    exit: 1,
  },
  'HDL-ASYNC-BODY': { title: 'A body is async', fix: 'Write it without async and await: it runs once, while the plan is built.', exit: 1 },
  'HDL-DUPLICATE-ID': { title: 'Two steps have one id', fix: "Give one of them an id of its own, as the second argument: { id: '...' }.", exit: 1 },
  'HDL-DUPLICATE-TASK': { title: 'Two tasks have one name and version', fix: 'Rename one of them.', exit: 1 },
  'HDL-BAD-NAME': { title: 'A name cannot be used', fix: 'Use letters, digits, dots, dashes and underscores, beginning with a letter.', exit: 1 },
  'HDL-RESERVED-NAME': { title: 'A name is reserved', fix: 'Choose one that does not begin with "heddle.".', exit: 1 },
  'HDL-BAD-DURATION': { title: 'A text is no duration', fix: "Write a number and a unit: '90s', '30m', '6h', '2d', '4w'.", exit: 1 },
  'HDL-BAD-OPTION': { title: 'An option has a value that it cannot have', fix: 'See the message for what it may be.', exit: 1 },
  'HDL-RETRY-LIMIT': { title: 'A retry has no limit', fix: 'Give attempts between 1 and 100.', exit: 1 },
  'HDL-AFTER': {
    title: 'after names something that is not a step',
    fix: 'Give refs to steps: { after: [ref] }. Parameters and the partition are there from the start.',
    exit: 1,
  },
  'HDL-ALWAYS-REF': {
    title: 'always() uses a value that may not exist',
    fix: 'Use params, partition and outcome only; have the step write what is needed under a name that follows from them.',
    exit: 1,
  },
  'HDL-ALWAYS-PLACE': { title: 'always() stands in the wrong place', fix: 'Call it once, directly in the body of the pipeline.', exit: 1 },
  'HDL-NO-TARGET': { title: 'A step that publishes was not told where', fix: 'Name the partition: { ..., into: partition }.', exit: 1 },
  'HDL-NO-QUEUE': { title: 'A hand-written workflow has no task queue', fix: "Give it: workflowStep({ type, queue: '...' }).", exit: 1 },
  'HDL-NO-CODE': {
    title: 'A task has no code to run in a unit test',
    fix: 'Run the program itself, or fake the task with runPipeline of heddle/testing.',
    exit: 1,
  },
  'HDL-NO-FAKE': { title: 'A task used a part of its context that the test did not give', fix: 'Give the part in the second argument of task.run.', exit: 1 },
  'HDL-TASK-INPUT': { title: 'The input of a task does not fit its schema', fix: 'Look at the paths in the message.', exit: 1 },
  'HDL-TASK-OUTPUT': {
    title: 'The output of a task does not fit its schema',
    fix: 'Look at the paths in the message; what the code returns must fit the output schema.',
    exit: 1,
  },
  'HDL-BODY-THREW': {
    title: 'The body of a pipeline threw',
    fix: 'Mend the line that the message names: the body runs once, while the plan is built.',
    exit: 1,
  },
  'HDL-DUPLICATE-DATASET': { title: 'Two datasets have one name', fix: 'Declare it once and import it.', exit: 1 },
  'HDL-INTO-TWICE': { title: 'Two steps write one partition', fix: 'Let one of them write it, or give them datasets of their own.', exit: 1 },
  'HDL-INTO-SAME': {
    title: 'A step in a map writes the same partition for each item',
    fix: 'Let into vary with the item: into: { day: partition.day, wiki: item }.',
    exit: 1,
  },
  'HDL-READS-OWN': { title: 'A step reads the partition that it writes', fix: 'Use before(partition, span), which leaves the partition itself out.', exit: 1 },
  'HDL-PARTITION-KEY': { title: 'A partition key does not fit its dataset', fix: 'Name each dimension of the dataset.', exit: 1 },
  'HDL-MAP-TOO-LONG': {
    title: 'A map runs over more items than an array may have',
    fix: 'Write the items with ctx.items(...) in a task, and map over the item list.',
    exit: 1,
  },
  'HDL-EVENT-IN-LIST': {
    title: 'A map over an item list waits for an event in its body',
    fix: 'Wait for the event before the map, or map over an array, whose items hear events.',
    exit: 1,
  },
  'HDL-UNKNOWN-POOL': {
    title: 'A task wants a pool that the project does not have',
    fix: 'Declare the pool in heddle.config.ts, or name one that is there.',
    exit: 1,
  },
  'HDL-UNKNOWN-CLASS': {
    title: 'A task wants a class that its pool does not have',
    fix: 'Declare the class in heddle.config.ts, or name one that is there.',
    exit: 1,
  },
  'HDL-TRIGGER': { title: 'A trigger that cannot start the pipeline', fix: 'Let it name what says for which partition to run.', exit: 1, status: 409 },
  'HDL-SCHEDULE': { title: 'A schedule does not fit its pipeline', fix: 'See the message.', exit: 1 },
  'HDL-PLAN-TOO-LARGE': {
    title: 'A plan is too large for one run',
    fix: 'Call parts of it as sub-pipelines, or map over a list instead of writing each step.',
    exit: 1,
  },
} as const satisfies Record<string, CodeEntry>;
