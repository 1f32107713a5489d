/** What a partial run takes over from another run: its finished steps, where they mean the same here. Server only. */
import { getPlan } from '../../catalog/plans.ts';
import { getRun } from '../../catalog/runs.ts';
import { doneSteps } from '../../catalog/steps.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { Json, JsonObject, Plan, PlanNode } from '../../dsl/plan/types.ts';
import type { ServerParts } from '../server-parts.ts';
import { paramsUsed, tasksIn, type PlanPart } from './part-of-plan.ts';

export interface Reuse {
  readonly reuse: string;
  readonly part: PlanPart;
  readonly params: Json;
  readonly partition: string | null;
}

/**
 * Throws HDL-NO-RUN, and HDL-REUSE for a run of another pipeline or partition, for a step whose task has another version now
 * or that was given other parameters, and for one that must come before `from` and is not done there.
 */
export async function stepsToReuse(parts: Pick<ServerParts, 'catalog'>, { reuse, part, params, partition }: Reuse): Promise<StepRecord[]> {
  const { plan, rerun } = part;
  const run = await getRun(parts.catalog.db, reuse);
  if (!run) throw new HeddleError('HDL-NO-RUN', { what: `There is no run ${reuse}, whose results were to be taken over.` });
  const refuse = (what: string, fix?: string): HeddleError => new HeddleError('HDL-REUSE', { what, where: `run ${reuse}`, fix });
  if (run.pipeline !== plan.name) throw refuse(`Run ${reuse} is of pipeline ${run.pipeline}, not of ${plan.name}.`, 'Name a run of the same pipeline.');
  if (run.partition !== partition)
    throw refuse(`Run ${reuse} is for ${run.partition ?? 'no partition'}, this one is for ${partition ?? 'none'}.`, 'Name a run for the same partition.');
  const before = await getPlan(parts.catalog.db, run.planHash);
  const done = await doneSteps(parts.catalog.db, reuse);
  const changed = changedParams(run.params, params);
  const reused = plan.skeleton.body.nodes.filter(({ id }) => rerun !== null && !rerun.has(id));
  const owner = ownerIn(plan.skeleton.body.nodes);
  for (const node of reused)
    checkNode(
      node,
      done.filter(({ step }) => owner(step) === node.id),
      changed,
      before,
      refuse,
    );
  const taken = new Set(reused.map(({ id }) => id));
  return done.filter(({ step }) => taken.has(owner(step))).map((step) => ({ ...step, meta: step.meta && { ...step.meta, cache: noteOf(reuse, step) } }));
}

const noteOf = (runId: string, { step }: StepRecord) => ({ hit: true, why: `the result of run ${runId} was taken over (--reuse)`, runId, step });

function checkNode(
  node: PlanNode,
  own: readonly StepRecord[],
  changed: ReadonlySet<string>,
  before: Plan | undefined,
  refuse: (what: string, fix?: string) => HeddleError,
): void {
  if (!own.some(({ step }) => step === node.id)) {
    if (node.kind === 'branch' && own.length === 0) return; // its condition is looked at again
    throw refuse(`Step ${node.id} is not done there, and what begins at --from needs it.`, `Begin there: --from ${node.id}.`);
  }
  const tasks = tasksIn(node);
  for (const { step, task } of own) {
    if (task === null || tasks.has(task)) continue;
    const [name = '', version = ''] = task.split('@');
    const now = [...tasks].find((one) => one.startsWith(`${name}@`));
    throw refuse(
      `Step ${step} was made by ${name} version ${version}; ${now === undefined ? 'the plan has that task no more' : `the plan has version ${now.slice(name.length + 1)}`}.`,
      `Begin there: --from ${node.id}.`,
    );
  }
  const used = paramsUsed(node);
  const other = [...changed].find((name) => used.has(name) || used.has('*'));
  if (other !== undefined) throw refuse(`Step ${node.id} depends on the parameter ${other}, which had another value there.`, `Begin there: --from ${node.id}.`);
  const old = before?.skeleton.body.nodes.find(({ id }) => id === node.id);
  if (old && canonicalJson(old as unknown as Json) !== canonicalJson(node as unknown as Json))
    // nodes are plain JSON
    throw refuse(`Step ${node.id} is wired in another way since.`, `Begin there: --from ${node.id}.`);
}

/** The step of the body that a path is in: 'trials' of 'trials[0.01].flights.train'. Ids may hold dots, so the longest one counts. */
const ownerIn = (nodes: readonly PlanNode[]): ((step: string) => string) => {
  const ids = nodes.map(({ id }) => id).sort((a, b) => b.length - a.length);
  return (step) => ids.find((id) => step === id || (step.startsWith(id) && '[#.'.includes(step.charAt(id.length)))) ?? '';
};

function changedParams(before: Json, now: Json): Set<string> {
  const [old, own] = [objectOf(before), objectOf(now)];
  return new Set([...Object.keys(old), ...Object.keys(own)].filter((name) => canonicalJson(old[name] ?? null) !== canonicalJson(own[name] ?? null)));
}
const objectOf = (value: Json): JsonObject => (value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {});
