/** Error codes: loading, compiling and checking a project's files. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const compilerCodes = {
  'HDL-NO-FILES': { title: 'No pipeline file was found', fix: 'Correct `pipelines` in heddle.config.ts: it holds globs, relative to that file.', exit: 1 },
  'HDL-FILE-SYNTAX': {
    title: 'A pipeline file cannot be read as TypeScript',
    fix: 'Mend the syntax at that place. Files run by type stripping: no enums, namespaces or parameter properties.',
    exit: 1,
  },
  'HDL-FILE-THREW': {
    title: 'A pipeline file threw while it was imported',
    fix: 'Mend the line; what needs a machine or a service belongs in the run() of a task.',
    exit: 1,
  },
  'HDL-DUPLICATE-PIPELINE': { title: 'Two pipelines have one name', fix: 'Rename one of them.', exit: 1 },
  'HDL-NOT-EXPORTED': {
    title: 'A pipeline is not exported',
    fix: 'Write `export const name = pipeline(...)`: only exported pipelines can be run, scheduled and called.',
    exit: 1,
  },
  'HDL-CALL-CYCLE': { title: 'Pipelines call each other in a circle', fix: 'Break the circle: let a schedule or a program start one of them.', exit: 1 },
  'HDL-IMPURE-BODY': {
    title: 'A body asked the machine for something',
    fix: 'Ask in the run() of a task, or take it as a parameter; partition.start and partition.key stand for the time of the data.',
    exit: 1,
  },
  'HDL-TWO-PLANS': {
    title: 'A pipeline gave two different plans',
    fix: 'Take what differs out of the file: nothing in a plan may follow from the clock, randomness, environment, folder or time zone.',
    exit: 1,
  },
  'HDL-COMPILER-ENDED': {
    title: 'The compiling process ended before it was done',
    fix: 'Look for process.exit, an endless loop or a native crash in the file that the message names.',
    exit: 1,
  },
  'HDL-TYPE': {
    title: 'The TypeScript compiler refuses a file',
    fix: 'Mend the types at that place; docs/errors/HDL-TYPE.md reads the common messages.',
    exit: 1,
  },
  'HDL-NO-TYPESCRIPT': { title: 'There is no TypeScript compiler to check types with', fix: 'npm install --save-dev typescript', exit: 1 },
  'HDL-CRON': {
    title: 'A schedule has a cron expression or a time zone that cannot be',
    fix: 'Write five fields, minute hour day month weekday, and an IANA time zone: { cron: "0 3 * * *", timezone: "Europe/Berlin" }.',
    exit: 1,
  },
  'HDL-TASK-CHANGED': {
    title: 'The code of a task changed and its version did not',
    fix: 'Same meaning: heddle check --accept NAME. Another meaning: raise the version.',
    exit: 1,
  },
  'HDL-LOCK-INVALID': { title: 'heddle.lock cannot be read', fix: 'Take it from version control again, or delete it and run heddle check.', exit: 1 },
} as const satisfies Record<string, CodeEntry>;
