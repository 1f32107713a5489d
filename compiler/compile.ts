/**
 * Compiles a project's pipelines to plans, in two child processes with different surroundings, whose plans must agree.
 * Command line, tests and check.ts import it. Authors' mistakes come back as problems; nothing is thrown for them.
 */
import { realpathSync } from 'node:fs';
import { badZone } from '../calendar/bad-zone.ts';
import { checkCron } from '../calendar/check-cron.ts';
import { checkDimensions } from '../calendar/check-dimensions.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import { registry } from '../dsl/errors/registry.ts';
import type { Json, Plan } from '../dsl/plan/types.ts';
import type { CompileAnswer, CompiledPlan, CompileRequest, PipelineSource, TaskSource } from './child-messages.ts';
import { firstDifference } from './first-difference.ts';
import { placeInPlan } from './place-in-plan.ts';
import { ofError, problemOf, sortProblems, type Problem } from './problem.ts';
import { firstSurroundings, runChild, SECOND_CLOCK_MS, secondSurroundings } from './run-child.ts';

export interface CompileOptions {
  /** Names of pipelines; what they call is compiled too. Left out: all. */
  readonly only?: readonly string[];
}
export interface CompiledProject {
  /** Pipelines without mistakes of their own, by name. */
  readonly plans: ReadonlyMap<string, CompiledPlan>;
  readonly problems: readonly Problem[];
  /** All pipelines, compiled or not. */
  readonly pipelines: readonly PipelineSource[];
  readonly tasks: readonly TaskSource[];
  /** The pipeline files, absolute. */
  readonly files: readonly string[];
}

export type CompileConfig = Pick<ResolvedConfig, 'folder' | 'pipelines' | 'pools'>;

export async function compileProject(config: CompileConfig, options: CompileOptions = {}): Promise<CompiledProject> {
  const folder = realpathSync(config.folder);
  const request: CompileRequest = { folder, globs: config.pipelines, pools: config.pools, only: options.only ?? null, shiftMs: 0, watch: false };
  let first: CompileAnswer;
  let second: CompileAnswer;
  try {
    [first, second] = await Promise.all([
      runChild(request, firstSurroundings(folder)),
      runChild({ ...request, shiftMs: SECOND_CLOCK_MS, watch: true }, secondSurroundings()),
    ]);
  } catch (error) {
    if (!isHeddleError(error)) throw error;
    return { plans: new Map(), problems: [ofError(error, error.code, String, null, folder)], pipelines: [], tasks: [], files: [] };
  }
  const differing = differingPlans(first, second, folder);
  const plans = new Map(first.plans.filter(([name]) => !differing.has(name) && !second.watched.some(({ pipeline }) => pipeline === name)));
  const problems = [
    ...first.problems,
    ...second.watched.map(({ problem }) => problem),
    ...[...differing.values()].flatMap((found) => found ?? []),
    ...secondOnly(first, second),
  ];
  for (const name of options.only ?? []) {
    if (!first.pipelines.some((known) => known.name === name) && first.problems.length === 0) problems.push(unknownPipeline(name, first.pipelines, folder));
  }
  for (const [name, { plan }] of plans) {
    const { schedule } = plan.contracts;
    const what = schedule && (schedule.everyMs === undefined ? checkCron(schedule.cron, schedule.timezone) : badZone(schedule.timezone));
    if (what) problems.push(problemOf({ code: 'HDL-CRON', what: `The schedule of ${name} cannot be: ${what}`, where: placeOf(first, name) }, folder));
    for (const wrong of checkDimensions(plan.contracts)) {
      problems.push(
        problemOf(
          {
            code: 'HDL-BAD-OPTION',
            what: wrong,
            where: placeOf(first, name),
            fix: 'Write start as 2001-03-01, timezone by its IANA name, and cron as five fields that come true.',
          },
          folder,
        ),
      );
    }
  }
  return { plans, problems: sortProblems(problems), pipelines: first.pipelines, tasks: first.tasks, files: first.files };
}

/** Pipelines whose two plans differ; null where the difference is a callee's. */
function differingPlans(first: CompileAnswer, second: CompileAnswer, folder: string): Map<string, Problem | null> {
  const found = new Map<string, Problem | null>();
  const again = new Map(second.plans);
  const hashed = ({ name, owner, skeleton, contracts }: Plan): Json => ({ name, owner, skeleton, contracts }) as unknown as Json; // a plan is JSON
  const show = (value: Json | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200));
  for (const [name, { plan, hash }] of first.plans) {
    const other = again.get(name);
    if (!other || other.hash === hash) continue;
    const at = firstDifference(hashed(plan), hashed(other.plan));
    if (at?.path.startsWith('skeleton.calls.')) {
      found.set(name, null);
      continue;
    }
    const what = `The pipeline "${name}" gave two different plans: at ${at?.path ?? '?'} one has ${show(at?.left)}, the other ${show(at?.right)}.`;
    const where = placeInPlan(plan, at?.path ?? '') ?? placeOf(first, name);
    found.set(name, problemOf({ code: 'HDL-TWO-PLANS', what, why: 'They were made with another clock, time zone, folder and environment.', where }, folder));
  }
  return found;
}

/** Mistakes that only the second compilation made: a file that needs this very machine. */
function secondOnly(first: CompileAnswer, second: CompileAnswer): Problem[] {
  // not the columns: the second child's files have calls around conditions
  const mark = ({ code, file, line }: Problem): string => JSON.stringify([code, file, line]);
  const known = new Set(first.problems.map(mark));
  return second.problems
    .filter((problem) => !known.has(mark(problem)))
    .map((problem) => ({
      ...problem,
      code: 'HDL-TWO-PLANS',
      message: `With another clock, time zone, folder and environment this does not compile: ${problem.message}`,
      fix: registry['HDL-TWO-PLANS'].fix,
    }));
}

function unknownPipeline(name: string, known: readonly PipelineSource[], folder: string): Problem {
  const list = known.length === 0 ? 'none' : known.map((pipeline) => `"${pipeline.name}"`).join(', ');
  return problemOf({ code: 'HDL-NO-PIPELINE', what: `There is no pipeline "${name}". The project has ${list}.` }, folder);
}
const placeOf = (answer: CompileAnswer, name: string): string | null => answer.pipelines.find((pipeline) => pipeline.name === name)?.place ?? null;
