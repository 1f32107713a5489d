/** Why a step waits, ran, failed or was left out, in sentences. Server only. */
import { getPlan } from '../../catalog/plans.ts';
import { listAttempts, listEvents } from '../../catalog/step-events.ts';
import { getStep } from '../../catalog/steps.ts';
import { getWait } from '../../catalog/waits.ts';
import { listWorkers } from '../../catalog/workers.ts';
import type { RunRow } from '../../catalog/runs.ts';
import type { Explanation } from '../../dsl/contract/api.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import { closestName } from '../../config/closest-name.ts';
import type { ServerParts } from '../server-parts.ts';
import { findNode } from './find-node.ts';
import type { LiveView } from './live-view.ts';
import { isOver, liveStep, runSteps, type ShownStep } from './run-detail.ts';

/** Throws HDL-NO-STEP. */
export async function explainStep(parts: ServerParts, live: LiveView, run: RunRow, step: string): Promise<Explanation> {
  const plan = await getPlan(parts.catalog.db, run.planHash);
  const found = plan && findNode(plan.skeleton, step);
  const shown = await shownStep(parts, live, run, step);
  if (!shown && !found) {
    const known = [
      ...(await runSteps(parts, live, run, { limit: 1_000 })).items.map((item) => item.step),
      ...(plan?.skeleton.body.nodes.map((node) => node.id) ?? []),
    ];
    const near = closestName(step, known);
    throw new HeddleError('HDL-NO-STEP', {
      what: `Run ${run.runId} has no step "${step}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      where: `pipeline ${run.pipeline}`,
    });
  }
  const place = found && plan ? (plan.places[found.place] ?? null) : null;
  if (!shown) return { step, status: 'pending', because: [notReached(run, found?.node.after ?? [])], place };
  const because = [...(await reasons(parts, run, plan, shown)), ...(await attemptLines(parts, run, step))];
  for (const { node, side } of found?.branches ?? []) because.push(`It is in the ${side === 'then' ? '"when"' : '"otherwise"'} side of ${node.id}.`);
  return { step, status: shown.status, because, place };
}

async function shownStep(parts: ServerParts, live: LiveView, run: RunRow, step: string): Promise<ShownStep | undefined> {
  const recorded = await getStep(parts.catalog.db, run.runId, step);
  if (isOver(run)) return recorded;
  const events = await listEvents(parts.catalog.db, run, [step]);
  for (let offset = 0; offset < 20_000; offset += 1_000) {
    const state = await live.state(run, { offset, limit: 1_000 });
    const at = state?.steps.find((item) => item.step === step);
    if (at) return liveStep(at, events);
    if (!state || offset + 1_000 >= state.total) break;
  }
  if (events.length > 0) return (await runSteps(parts, live, run, { limit: 20_000 })).items.find((item) => item.step === step);
  return recorded;
}

async function reasons(parts: ServerParts, run: RunRow, plan: Plan | undefined, step: ShownStep): Promise<string[]> {
  switch (step.status) {
    case 'waiting':
      return [await waitLine(parts, run, step)];
    case 'queued':
      return [await queueLine(parts, run, plan, step)];
    case 'retrying':
      return [`An attempt failed${step.failure ? ` (${step.failure.class} ${step.failure.code}: ${step.failure.message})` : ''}; it waits for the next one.`];
    case 'running':
      return [`It runs${step.worker === null ? '' : ` on ${step.worker}`}, attempt ${Math.max(1, step.attempts)}${progressOf(step)}.`];
    case 'publishing':
      return ['Its output is complete; the partition is being put in place.'];
    case 'failed':
      return [step.failure ? `It failed: ${step.failure.class} ${step.failure.code}: ${step.failure.message}` : 'It failed.'];
    case 'skipped':
      return [step.failure?.message ?? 'It was skipped: a condition around it did not hold, or an input that it requires was skipped.'];
    case 'blocked':
      return [step.failure?.message ?? 'It did not run because a step that it needs failed.'];
    case 'cancelled':
      return ['The run was cancelled before it ended.'];
    case 'abandoned':
      return ['It had not ended when the run was closed; it may have gone on for a while.'];
    case 'done':
      if (step.meta?.cache?.hit) return [`It did not run: ${step.meta.cache.why}.`];
      return [
        `It ran and ended well${step.runMs === null ? '' : ` after ${step.runMs} ms`}${step.worker === null ? '' : ` on ${step.worker}`}.`,
        ...(step.meta?.cache ? [`No result was used: ${step.meta.cache.why}.`] : []),
      ];
    case 'pending':
      return [run.status === 'paused' ? 'The run is paused: nothing new starts.' : 'Steps that it needs have not ended.'];
  }
}

const progressOf = (step: ShownStep): string =>
  step.progress
    ? `: ${step.progress.done}${step.progress.total === null ? '' : ` of ${step.progress.total}`}${step.progress.note === null ? '' : ` (${step.progress.note})`}`
    : '';

async function waitLine(parts: ServerParts, run: RunRow, step: ShownStep): Promise<string> {
  const wait = await getWait(parts.catalog.db, run.runId, step.step);
  const until = wait ? `, until ${new Date(wait.deadline).toISOString()}` : '';
  if (wait?.on.kind === 'gate') return `waiting: for an answer from ${wait.on.from.join(' or ')}${until}: "${wait.on.ask}"`;
  if (wait?.on.kind === 'event') return `waiting: for the event "${wait.on.event}"${until}`;
  if (wait) return `waiting: ${wait.why ?? step.waitingFor ?? 'for its data'}${until}`;
  return `waiting: ${step.waitingFor ?? 'for its turn'}`;
}

/** A queued step waits for a free slot, or for a worker that there is none of. */
async function queueLine(parts: ServerParts, run: RunRow, plan: Plan | undefined, step: ShownStep): Promise<string> {
  const rules = step.task === null ? undefined : plan?.skeleton.tasks[step.task];
  if (!rules || step.task === null) return `waiting: ${step.waitingFor ?? 'for a free slot'}`;
  const [name, version] = splitTask(step.task);
  const workers = (await listWorkers(parts.catalog.db, run.project, Date.now())).filter((worker) => worker.pool === rules.pool && !worker.draining);
  const lacks = `no worker in pool "${rules.pool}" has ${name} version ${version}`;
  if (workers.length === 0) return `waiting: ${lacks} (no worker of that pool is here)`;
  if (!workers.some((worker) => worker.tasks.includes(step.task ?? ''))) return `waiting: ${lacks}`;
  if (!workers.some((worker) => (worker.classes[rules.class] ?? 0) > 0))
    return `waiting: no worker in pool "${rules.pool}" has room for class "${rules.class}"`;
  return `waiting: for a free slot of class "${rules.class}" in pool "${rules.pool}"`;
}

const splitTask = (task: string): [string, string] => {
  const at = task.lastIndexOf('@');
  return at < 0 ? [task, '?'] : [task.slice(0, at), task.slice(at + 1)];
};

function notReached(run: RunRow, after: readonly string[]): string {
  if (isOver(run)) return `The run ended (${run.status}) before it was reached.`;
  return after.length > 0 ? `It has not been reached: it comes after ${after.join(', ')}.` : 'It has not been reached: steps that it needs have not ended.';
}

async function attemptLines(parts: ServerParts, run: RunRow, step: string): Promise<string[]> {
  const attempts = await listAttempts(parts.catalog.db, run.runId, step);
  return attempts
    .filter((attempt) => attempts.length > 1 || attempt.failure !== null)
    .map((attempt) => {
      const how = attempt.failure
        ? `${attempt.failure.class} ${attempt.failure.code}: ${attempt.failure.message.split('\n', 1)[0] ?? ''}`
        : attempt.endedAt === null
          ? 'not ended'
          : 'ended well';
      return `${attempt.retry > 0 ? `retry ${attempt.retry}, ` : ''}attempt ${attempt.attempt}${attempt.worker === null ? '' : ` on ${attempt.worker}`}: ${how}${attempt.observed ? ' (observed)' : ''}`;
    });
}
