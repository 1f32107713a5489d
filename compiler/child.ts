/**
 * The compiling child process: imports the project's files under traps, runs each body once, and answers with plans and
 * problems. Started by compile.ts, twice, with different surroundings. Nobody imports it.
 */
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PipelineValue } from '../dsl/authoring/values.ts';
import { calledPipelines, draftPlan } from '../dsl/plan/build-plan.ts';
import type { HeddleError } from '../dsl/errors/heddle-error.ts';
import { planHashOf } from '../storage/digest.ts';
import type { ChildMessage, CompileAnswer, CompiledPlan, CompileRequest } from './child-messages.ts';
import { importFiles } from './import-files.ts';
import { addUsed } from './load-project.ts';
import { orderPipelines } from './order-pipelines.ts';
import { ofError, ofPlanProblem, problemOf, type Problem } from './problem.ts';
import { installTraps, underTraps } from './traps.ts';
import { watchConditions } from './watch-conditions.ts';

Error.stackTraceLimit = 60; // an author's line may lie deep below a library's
const own = dirname(dirname(fileURLToPath(import.meta.url)));
const isLibrary = (file: string): boolean => file.startsWith(`${own}${sep}compiler${sep}`) || file.startsWith(`${own}${sep}dsl${sep}`);

const send = (message: ChildMessage): void => void process.send?.(message);
process.once('message', (request: CompileRequest) => {
  void answer(request).then(
    (message) => process.send?.(message, () => process.exit(0)), // open handles of authors' modules must not hold the child
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function answer(request: CompileRequest): Promise<CompileAnswer> {
  const { folder, globs, pools, only } = request;
  installTraps(request);
  const watched: { problem: Problem; pipeline: string }[] = [];
  if (request.watch) watchConditions(folder, isLibrary, (problem, pipeline) => watched.push({ problem, pipeline }));
  const at = (what: string): void => send({ kind: 'at', what });
  const { files, pipelines, tasks, problems } = await importFiles(folder, globs, at);

  const wanted = [...pipelines.keys()].sort().filter((name) => only === null || only.includes(name));
  const trapped = new Set<HeddleError>();
  const guarded = <T>(pipeline: PipelineValue, make: () => T): T => {
    at(`the body of ${pipeline.name}`);
    const { result, caught } = underTraps(make);
    for (const error of caught) trapped.add(error);
    return result;
  };
  const callsOf = (pipeline: PipelineValue): readonly PipelineValue[] => {
    try {
      return guarded(pipeline, () => calledPipelines(pipeline));
    } catch {
      return []; // draftPlan tells the same again, as a problem
    }
  };
  const { order, circles } = orderPipelines(
    wanted.flatMap((name) => pipelines.get(name)?.value ?? []),
    callsOf,
  );
  for (const circle of circles) {
    const place = pipelines.get(circle[0] ?? '')?.value.place;
    problems.push(
      problemOf(
        {
          code: 'HDL-CALL-CYCLE',
          what: `${circle.join(' calls ')}.`,
          why: 'A plan holds the hashes of the plans that it calls, so there is no first one.',
          where: place,
        },
        folder,
      ),
    );
  }
  const inCircle = new Set(circles.flat());

  const plans = new Map<string, CompiledPlan>();
  for (const pipeline of order) {
    if (inCircle.has(pipeline.name)) continue;
    try {
      // a callee that failed is reported by itself; its caller's other mistakes show all the same
      const hashOf = (name: string): string => plans.get(name)?.hash ?? '';
      const { plan, problems: found } = guarded(pipeline, () => draftPlan(pipeline, { hashOf, pools, root: folder }));
      problems.push(...found.map((problem) => ofPlanProblem(problem, folder)));
      const whole = Object.keys(plan?.skeleton.calls ?? {}).every((name) => plans.has(name));
      if (plan && found.length === 0 && whole) plans.set(pipeline.name, { plan, hash: planHashOf(plan) });
    } catch (error) {
      problems.push(ofError(error, 'HDL-BODY-THREW', (text) => `The plan of ${pipeline.name} could not be made: ${text}.`, pipeline.place, folder));
    }
  }
  // also those that a body swallowed
  for (const { code, what, where, why, fix } of trapped) problems.push(problemOf({ code, what, where, why, fix }, folder));
  if (only === null) addUsed(pipelines, tasks, problems, folder);
  const sources = [...tasks.values()].map(({ value, file, exportName }) => ({
    name: value.name,
    version: value.version,
    file,
    exportName,
    place: value.place,
    command: value.command ?? null,
  }));
  const found = [...pipelines].map(([name, { value, file, exportName }]) => ({ name, file, exportName, place: value.place }));
  return { kind: 'answer', problems, watched, plans: [...plans], tasks: sources, files, pipelines: found };
}
