/**
 * From a pipeline to its plan: runs the body once, derives what the interpreter must see, collects contracts, checks the
 * rules. Used by compiler and testing kit.
 */
import { HeddleError, isHeddleError } from '../errors/heddle-error.ts';
import type { PoolConfig } from '../config.ts';
import type { PipelineValue, TaskValue } from '../authoring/values.ts';
import { blocksOf } from './free-roots.ts';
import { contractsOf } from './contracts.ts';
import { keepPaths } from './keep-paths.ts';
import { placeOfError, relativePlace } from './place.ts';
import { errorOf, type Problem } from './problem.ts';
import { recordPipeline } from './record-pipeline.ts';
import type { Recording } from './recording.ts';
import { planProblems } from './rules.ts';
import { PLAN_FORMAT, type Block, type Plan, type PlanNode, type TaskRules } from './types.ts';

export interface PlanOptions {
  /** Plan hash of a called or started pipeline. */
  hashOf(pipelineName: string): string;
  /** The project's pools; left out: pools and classes are not checked. */
  readonly pools?: Readonly<Record<string, PoolConfig>>;
  /** Folder that places are relative to. */
  readonly root?: string;
  /** false: without places. */
  readonly place?: boolean;
}

/** The plan; throws the first of its problems (HeddleError). */
export function buildPlan(pipeline: PipelineValue, options: PlanOptions): Plan {
  const { plan, problems } = draftPlan(pipeline, options);
  const first = problems[0];
  if (first) throw errorOf(first, problems.length - 1);
  if (!plan) throw new HeddleError('HDL-BODY-THREW', { what: `The body of ${pipeline.name} gave no plan.` });
  return plan;
}

/** The plan and all its problems; null where the body itself threw. */
export function draftPlan(pipeline: PipelineValue, options: PlanOptions): { readonly plan: Plan | null; readonly problems: readonly Problem[] } {
  const relative = (problem: Problem): Problem => ({ ...problem, where: problem.where === null ? null : relativePlace(problem.where, options.root) });
  let recording: Recording;
  try {
    recording = recordPipeline(pipeline);
  } catch (error) {
    return { plan: null, problems: [relative(problemOf(error, pipeline))] };
  }
  const problems = [...recording.problems, ...[...recording.tasks.values()].flatMap((task) => task.problems)];
  const plan = planOf(recording, options, problems);
  const found = [
    ...problems.map(relative),
    ...planProblems(plan, { pools: options.pools, where: pipeline.place === null ? null : relativePlace(pipeline.place, options.root) }),
  ];
  return { plan, problems: unique(found).map((problem) => ({ ...problem, what: relativeText(problem.what, options.root) })) };
}

/** Pipelines that this one calls or starts, each once. Runs the body. */
export const calledPipelines = (pipeline: PipelineValue): readonly PipelineValue[] => [...recordPipeline(pipeline).calls.values()];
/** Tasks that this one's steps use. Runs the body. */
export const usedTasks = (pipeline: PipelineValue): readonly TaskValue[] => [...recordPipeline(pipeline).tasks.values()];

function planOf(recording: Recording, options: PlanOptions, problems: Problem[]): Plan {
  const { pipeline } = recording;
  const body = recording.body ?? { nodes: [], output: null };
  const always = recording.always;
  const kept = keepPaths(always ? [body, always] : [body]);
  const tasks = [...recording.tasks].sort(([a], [b]) => (a < b ? -1 : 1));
  const calls = [...recording.calls.keys()].sort();
  return {
    format: PLAN_FORMAT,
    name: pipeline.name,
    owner: pipeline.owner,
    skeleton: {
      format: PLAN_FORMAT,
      name: pipeline.name,
      onFailure: pipeline.onFailure,
      dimensions: Object.keys(pipeline.partitions ?? {}),
      tasks: Object.fromEntries(tasks.map(([use, task]) => [use, rulesOf(task, options.pools)])),
      body: finished(body, kept),
      always: always && finished(always, kept),
      calls: Object.fromEntries(calls.map((name) => [name, options.hashOf(name)])),
    },
    contracts: contractsOf(recording, problems),
    places: options.place === false ? {} : placesOf(recording, [body, ...(always ? [always] : [])], options.root),
  };
}

/** A task that names no class takes 'small', or the first class of a pool that has no 'small'. */
function rulesOf(task: TaskValue, pools: PlanOptions['pools']): TaskRules {
  const classes = Object.keys(pools?.[task.rules.pool]?.classes ?? {});
  if (task.classGiven || classes.length === 0 || classes.includes(task.rules.class)) return task.rules;
  return { ...task.rules, class: classes[0] as string };
}

/** A copy with `keep`: what was recorded stays as it is, for the next plan made of it. */
function finished(block: Block, kept: ReadonlyMap<PlanNode, readonly (readonly string[])[]>): Block {
  const nodes = block.nodes.map((node): PlanNode => {
    const keep = kept.get(node);
    const copy = { ...node, ...(keep && { keep }) };
    if (copy.kind === 'map' || copy.kind === 'loop') return { ...copy, body: finished(copy.body, kept) };
    if (copy.kind === 'branch') return { ...copy, then: finished(copy.then, kept), ...(copy.else && { else: finished(copy.else, kept) }) };
    return copy;
  });
  return { nodes, output: block.output };
}

function placesOf(recording: Recording, blocks: readonly Block[], root: string | undefined): Record<string, string> {
  const places: Record<string, string> = {};
  const visit = (block: Block, prefix: string): void => {
    for (const node of block.nodes) {
      const place = recording.places.get(node);
      if (place !== undefined) places[prefix + node.id] = relativePlace(place, root);
      for (const inner of blocksOf(node)) visit(inner.block, `${prefix}${node.id}/`);
    }
  };
  for (const block of blocks) visit(block, '');
  return places;
}

function problemOf(error: unknown, pipeline: PipelineValue): Problem {
  if (isHeddleError(error))
    return { code: error.code, what: error.what, where: error.where ?? pipeline.place, ...(error.why !== null && { why: error.why }), fix: error.fix };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'HDL-BODY-THREW', what: `The body of ${pipeline.name} threw: ${text}.`, where: placeOfError(error) ?? pipeline.place };
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, what, where }) => !seen.has(`${code}|${what}|${where}`) && seen.add(`${code}|${what}|${where}`));
}
const relativeText = (text: string, root: string | undefined): string => (root === undefined ? text : text.replaceAll(root.replace(/\/?$/, '/'), ''));
