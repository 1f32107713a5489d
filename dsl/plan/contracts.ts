/** The part of a plan that the sandbox does not need: schemas, datasets, schedule. Lies in the plan store. */
import { dimensionDefs } from '../authoring/partition.ts';
import type { Dataset } from '../authoring/dataset.ts';
import { durationMs } from '../authoring/duration.ts';
import { expectDef, expectProblems } from '../authoring/expectations.ts';
import type { PipelineValue, TaskValue } from '../authoring/values.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { rowSchemaOf } from './row-schema.ts';
import type { Problem } from './problem.ts';
import type { Recording } from './recording.ts';
import { partProblems } from './schema-problems.ts';
import type { Contracts, DatasetDef, ScheduleDef, TaskContract, TriggerDef } from './types.ts';

export function contractsOf(recording: Recording, problems: Problem[]): Contracts {
  const { pipeline, tasks, events } = recording;
  const sorted = <V>(entries: Iterable<readonly [string, V]>): Record<string, V> =>
    Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return {
    params: pipeline.params ? paramsSchema(pipeline, pipeline.params, problems) : null,
    partitions: pipeline.partitions,
    schedule: pipeline.schedule ? scheduleDef(pipeline, problems) : null,
    ...deadlineOf(pipeline, problems),
    ...triggersOf(pipeline, problems),
    tasks: sorted([...tasks].map(([use, task]) => [use, taskContract(task)])),
    datasets: sorted(datasetsOf(recording, problems)),
    events: sorted([...events].map(([name, schema]) => [name, jsonSchemaOf(schema, 'output').schema])),
  };
}

const taskContract = (task: TaskValue): TaskContract => ({
  name: task.name,
  version: task.version,
  owner: task.owner,
  input: jsonSchemaOf(task.input, 'input').schema,
  output: jsonSchemaOf(task.output, 'output').schema,
  publishes: task.publishes,
  ...(task.command && { command: task.command }),
});

function paramsSchema({ name, place }: PipelineValue, params: NonNullable<PipelineValue['params']>, problems: Problem[]): Contracts['params'] {
  // as the body sees it: a transform would not have run, since the server applies defaults by JSON Schema alone
  const seen = jsonSchemaOf(params, 'output');
  if (seen.problem !== null)
    problems.push({ code: 'HDL-NOT-JSON-SCHEMA', what: `The params of ${name} cannot be written as JSON Schema: ${seen.problem}.`, where: place });
  for (const { path, what } of partProblems(seen.schema, 'params', true))
    problems.push({ code: 'HDL-NOT-JSON-SCHEMA', what: `${path} of ${name} ${what}`, where: place });
  return jsonSchemaOf(params, 'input').schema;
}

const DAY_MS = 86_400_000;
const SETTLE_MS = 10_000;
const LOOK_MS = 60_000;

function lateOf({ name, late, place }: Dataset, problems: Problem[]): Pick<DatasetDef, 'late'> {
  if (late === null || late === 'mark') return {};
  if ('ignore' in late) return { late: { rule: 'ignore', note: late.ignore } };
  const withinMs = durationMs(late.rebuild);
  if (withinMs === null) problems.push({ code: 'HDL-BAD-DURATION', what: `late.rebuild: '${late.rebuild}' of dataset ${name} is no duration.`, where: place });
  return { late: { rule: 'rebuild', withinMs: withinMs ?? 0 } };
}

function deadlineOf({ name, deadline, place }: PipelineValue, problems: Problem[]): Pick<Contracts, 'deadlineMs'> {
  if (deadline === null) return {};
  const deadlineMs = durationMs(deadline);
  if (deadlineMs === null) problems.push({ code: 'HDL-BAD-DURATION', what: `deadline: '${deadline}' of ${name} is no duration.`, where: place });
  return { deadlineMs: deadlineMs ?? 0 };
}

function triggersOf({ name, triggers, partitions, place }: PipelineValue, problems: Problem[]): Pick<Contracts, 'triggers'> {
  if (triggers.length === 0) return {};
  const own = Object.keys(partitions ?? {});
  const bad = (what: string, fix: string): void => void problems.push({ code: 'HDL-TRIGGER', what: `A trigger of ${name} ${what}`, where: place, fix });
  const ms = (text: string | undefined, usual: number): number => {
    const found = text === undefined ? usual : durationMs(text);
    if (found === null) problems.push({ code: 'HDL-BAD-DURATION', what: `'${text ?? ''}' in a trigger of ${name} is no duration.`, where: place });
    return found ?? usual;
  };
  return {
    triggers: triggers.map((trigger): TriggerDef => {
      switch (trigger.kind) {
        case 'published': {
          const datasets = trigger.datasets ?? [];
          for (const dataset of datasets) {
            const theirs = Object.keys(dimensionDefs(dataset.partitions));
            if (own.length === 0 || own.some((dimension) => !theirs.includes(dimension)))
              bad(
                `waits for partitions of ${dataset.name} (${theirs.join(', ')}), which do not say for which partition to run (${own.join(', ') || 'it has none'}).`,
                'Give the pipeline the dimensions of the dataset, or fewer of them.',
              );
          }
          return { kind: 'published', datasets: datasets.map((dataset) => dataset.name), settleMs: ms(trigger.settle, SETTLE_MS) };
        }
        case 'path': {
          const uri = trigger.uri ?? '';
          for (const [, field = ''] of uri.matchAll(/\{([^}]*)\}/g))
            if (!own.includes(field)) bad(`names {${field}} in ${uri}, and the pipeline has no such dimension.`, `It has: ${own.join(', ') || 'none'}.`);
          return { kind: 'path', uri, everyMs: ms(trigger.every, LOOK_MS) };
        }
        case 'ended':
          if (trigger.pipeline === name) bad('waits for its own end, and would start itself for ever.', 'Name another pipeline.');
          return { kind: 'ended', pipeline: trigger.pipeline ?? '', statuses: trigger.statuses ?? ['done'] };
        case 'alias':
          return { kind: 'alias', model: trigger.model ?? '' };
        case 'request':
          return { kind: 'request' };
      }
    }),
  };
}

function scheduleDef({ name, schedule, partitions, place }: PipelineValue, problems: Problem[]): ScheduleDef | null {
  if (!schedule) return null;
  const ms = (option: string, text: string | undefined): number => {
    if (text === undefined) return 0;
    const found = durationMs(text);
    if (found === null) problems.push({ code: 'HDL-BAD-DURATION', what: `schedule.${option}: '${text}' of ${name} is no duration.`, where: place });
    return found ?? 0;
  };
  const timed = Object.values(partitions ?? {}).some(({ kind }) => kind !== 'keys' && kind !== 'dynamic');
  const { every, spread, except } = schedule;
  return {
    cron: schedule.cron ?? '',
    timezone: schedule.timezone ?? 'UTC',
    overlap: schedule.overlap ?? (timed ? 'queue' : 'skip'),
    catchupMs: schedule.catchup === undefined && timed ? DAY_MS : ms('catchup', schedule.catchup),
    jitterMs: ms('jitter', schedule.jitter),
    ...(every !== undefined && { everyMs: ms('every', every) }),
    ...(spread !== undefined && { spreadMs: ms('spread', spread) }),
    ...(except && except.length > 0 && { except: [...except].sort() }),
  };
}

function datasetsOf({ pipeline, datasets, tasks }: Recording, problems: Problem[]): [string, DatasetDef][] {
  const found = new Map<string, Dataset>();
  const triggering = pipeline.triggers.flatMap((trigger) => trigger.datasets ?? []);
  for (const dataset of [...datasets, ...[...tasks.values()].flatMap((task) => task.datasets), ...triggering]) {
    const other = found.get(dataset.name);
    found.set(dataset.name, other ?? dataset);
    if (other && other !== dataset && other.place !== dataset.place) {
      problems.push({
        code: 'HDL-DUPLICATE-DATASET',
        what: `Two datasets are called "${dataset.name}": here and at ${other.place ?? 'an unknown place'}.`,
        where: dataset.place,
      });
    }
  }
  return [...found.values()].map((dataset) => [dataset.name, datasetDef(dataset, problems)]);
}

function datasetDef(dataset: Dataset, problems: Problem[]): DatasetDef {
  const { schema, problem } = rowSchemaOf(dataset.schema);
  if (problem !== null)
    problems.push({
      code: 'HDL-NOT-JSON-SCHEMA',
      what: `The rows of dataset ${dataset.name} cannot be written as JSON Schema: ${problem}.`,
      where: dataset.place,
    });
  if (!/^(store:\/\/|hdfs:\/\/|file:\/\/\/)[^\s?#]+$/.test(dataset.uri)) {
    problems.push({
      code: 'HDL-BAD-OPTION',
      what: `The uri '${dataset.uri}' of dataset ${dataset.name} is none of store://path, file:///path, hdfs://host/path.`,
      where: dataset.place,
    });
  }
  const freshByMs = dataset.freshBy === null ? null : durationMs(dataset.freshBy);
  if (dataset.freshBy !== null && freshByMs === null)
    problems.push({ code: 'HDL-BAD-DURATION', what: `freshBy: '${dataset.freshBy}' of dataset ${dataset.name} is no duration.`, where: dataset.place });
  const retainMs = dataset.retain === null ? null : durationMs(dataset.retain);
  if (dataset.retain !== null && retainMs === null)
    problems.push({ code: 'HDL-BAD-DURATION', what: `retain: '${dataset.retain}' of dataset ${dataset.name} is no duration.`, where: dataset.place });
  for (const option of ['rowsPerGroup', 'bytesPerFile'] as const) {
    const value = dataset.files?.[option];
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1))
      problems.push({
        code: 'HDL-BAD-OPTION',
        what: `files.${option} of dataset ${dataset.name} is ${String(value)}, and it is a whole number from 1 on.`,
        where: dataset.place,
      });
  }
  problems.push(...expectProblems(dataset, schema));
  const expect = expectDef(dataset.expect);
  return {
    name: dataset.name,
    uri: dataset.uri,
    partitions: dimensionDefs(dataset.partitions),
    schema,
    ...(retainMs !== null && { retainMs }),
    ...(freshByMs !== null && { freshByMs }),
    ...lateOf(dataset, problems),
    ...(expect && { expect }),
    ...(dataset.files && { files: dataset.files }),
  };
}
