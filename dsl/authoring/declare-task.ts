/** Makes the value behind task(), command() and the control tasks: a function that records a step. */
import type { z } from 'zod';
import { batchProblems, type AnyBatch } from './batch.ts';
import type { TaskContext } from './context.ts';
import { dimensionNames } from './partition.ts';
import { slicesIn } from './dataset.ts';
import { cacheOf, taskRules, type Cache, type RuleOptions } from './task-rules.ts';
import { runByItself } from './run-by-itself.ts';
import { brandTask, type TaskValue } from './values.ts';
import { exprOf } from '../plan/expr-of.ts';
import { jsonSchemaOf } from '../plan/json-schema.ts';
import { keyExpr } from '../plan/key-expr.ts';
import { callerPlace } from '../plan/place.ts';
import { record, recording } from '../plan/record.ts';
import { schemaProblems } from '../plan/schema-problems.ts';
import { lazyShape, shapeOfSchema } from '../plan/shape.ts';
import type { Problem } from '../plan/problem.ts';

export interface Declaration extends RuleOptions {
  readonly name: string;
  readonly version: string;
  readonly owner?: string | undefined;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly cache?: Cache | undefined;
  readonly batch?: AnyBatch | undefined;
  readonly command?: readonly string[];
  /** Of a command: names of secrets, which its process gets as variables. */
  readonly secrets?: readonly string[];
  readonly run: ((input: unknown, ctx: TaskContext) => Promise<unknown>) | null;
  /** A built-in task of the server. */
  readonly control?: true;
}
interface StepCall {
  readonly into?: object;
  readonly [input: string]: unknown;
}

export function declareTask(def: Declaration): object {
  const value = taskValue(def);
  const { name, version } = def;
  const use = `${name}@${version}`;
  const shape = lazyShape(() => shapeOfSchema(jsonSchemaOf(def.output, 'output').schema));
  const target = value.datasets.find((dataset) => Object.values(value.publishes).includes(dataset.name));
  const call = ({ into, ...input }: StepCall = {}, options: { id?: string; after?: unknown } = {}): object => {
    const { current } = recording(name);
    const known = current.tasks.get(use);
    if (known && known !== value && known.place !== value.place) {
      current.problems.push({
        code: 'HDL-DUPLICATE-TASK',
        what: `Two tasks are called ${use}: here and at ${known.place ?? 'an unknown place'}.`,
        where: value.place,
      });
    }
    current.tasks.set(use, value);
    if (target && !into)
      current.problems.push({ code: 'HDL-NO-TARGET', what: `${name} publishes ${target.name} and was not told which partition.`, where: callerPlace() });
    const node = {
      kind: 'task',
      task: use,
      input: exprOf(input),
      ...(into && { into: keyExpr(into, target ? dimensionNames(target.partitions) : []) }),
    } as const;
    return record(name, node, shape, options).ref;
  };
  return brandTask(Object.assign(call, { taskName: name, run: runByItself(value) }), value);
}

function taskValue(def: Declaration): TaskValue {
  const place = callerPlace();
  const slices = slicesIn(def.output);
  const published = slices.filter(({ path }) => path.length < 2 && path[0] !== '*');
  const { rules, problems } = taskRules(def.name, def, published.length > 0, place);
  const { cache, problems: ofCache } = cacheOf(def.name, def.cache, place);
  const datasets = new Set([...slicesIn(def.input), ...slices].map(({ dataset }) => dataset));
  return {
    name: def.name,
    version: def.version,
    owner: def.owner ?? null,
    input: def.input,
    output: def.output,
    rules: { ...rules, ...(def.control && { pool: 'heddle', class: 'control' }), ...(def.batch && { batch: def.batch.max }) },
    classGiven: def.control === true || def.resources?.class !== undefined,
    publishes: Object.fromEntries(published.map(({ path, dataset }) => [path.join('.'), dataset.name])),
    datasets: [...datasets],
    cache,
    ...(def.batch && { batch: def.batch }),
    ...(def.command && { command: def.command }),
    ...(def.secrets && { secrets: [...def.secrets] }),
    place,
    // asked for when a plan is built: schemas cost time, and a file may be imported for something else
    get problems(): readonly Problem[] {
      return [
        ...nameProblems(def, place),
        ...secretProblems(def, place),
        ...problems,
        ...ofCache,
        ...batchProblems(def.name, def, place),
        ...schemaProblems(def.name, def.input, def.output, place),
      ];
    },
    run: def.run,
  };
}

function nameProblems({ name, version, control }: Declaration, place: string | null): Problem[] {
  const problems: Problem[] = [];
  if (!control && name.startsWith('heddle.'))
    problems.push({ code: 'HDL-RESERVED-NAME', what: `The task name "${name}" begins with "heddle.".`, where: place });
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,99}$/.test(name)) problems.push({ code: 'HDL-BAD-NAME', what: `"${name}" cannot be the name of a task.`, where: place });
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/.test(version))
    problems.push({ code: 'HDL-BAD-NAME', what: `"${version}" cannot be the version of task ${name}.`, where: place });
  return problems;
}

/** Each becomes a variable of the program's environment, where the engine has names of its own. */
function secretProblems({ name, secrets = [] }: Declaration, place: string | null): Problem[] {
  return secrets.flatMap((secret): Problem[] => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(secret))
      return [
        {
          code: 'HDL-BAD-NAME',
          what: `"${secret}" of task ${name} cannot be the name of a secret and of a variable.`,
          where: place,
          fix: "Use letters, digits and underscores: 'REGISTRY_TOKEN'.",
        },
      ];
    if (!/^heddle_/i.test(secret)) return [];
    return [
      {
        code: 'HDL-RESERVED-NAME',
        what: `The secret "${secret}" of task ${name} begins with HEDDLE_, as the engine's own variables do.`,
        where: place,
        fix: 'Choose another name; the worker reads it from HEDDLE_SECRET_<NAME>.',
      },
    ];
  });
}
