/**
 * A run as people see it: the exact record where there is one, else the interpreter's answer, else what workers pushed
 * (marked observed). Server only.
 */
import { getRun, summaryOf, type RunRow } from '../../catalog/runs.ts';
import { listEvents, type ObservedEvent } from '../../catalog/step-events.ts';
import { listSteps } from '../../catalog/steps.ts';
import type { Page, RunDetail, RunSummary } from '../../dsl/contract/api.ts';
import type { LiveState, LiveStep, StepRecord } from '../../dsl/contract/run.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ServerParts } from '../server-parts.ts';
import type { LiveView } from './live-view.ts';

export type ShownStep = StepRecord & {
  /** True where only pushes told of this step: the record may differ. */
  readonly observed?: boolean;
  readonly progress?: { readonly done: number; readonly total: number | null; readonly note: string | null };
};

/** Throws HDL-NO-RUN. */
export async function requireRun(parts: Pick<ServerParts, 'catalog' | 'config'>, runId: string): Promise<RunRow> {
  const run = await getRun(parts.catalog.db, runId);
  if (!run || run.project !== parts.config.project)
    throw new HeddleError('HDL-NO-RUN', { what: `There is no run ${runId} in project ${parts.config.project}.` });
  return run;
}

export const isOver = (run: RunRow): boolean => run.status === 'done' || run.status === 'failed' || run.status === 'cancelled';

export async function runSummary(live: LiveView, run: RunRow): Promise<RunSummary> {
  if (isOver(run)) return summaryOf(run);
  return withLive(run, await live.state(run, { offset: 0, limit: 200 }));
}

function withLive(run: RunRow, state: LiveState | null): RunSummary {
  const summary = summaryOf(run);
  // Only a record ends a run here: until it is written the run shows as running, so that `done` always has its outputs.
  const status = state && (state.status === 'running' || state.status === 'paused') ? state.status : summary.status;
  return state ? { ...summary, status, counts: state.counts } : summary;
}

export async function runDetail(parts: ServerParts, live: LiveView, run: RunRow): Promise<RunDetail> {
  const page = await runSteps(parts, live, run, { limit: 200 });
  return {
    ...(await runSummary(live, run)),
    params: run.params,
    output: run.output,
    failures: run.failures.map(({ step, failure }) => ({ step, class: failure.class, code: failure.code, message: failure.message })),
    steps: page.items,
    next: page.next,
  };
}

/** Steps in pages of the order of their first appearance. */
export async function runSteps(
  parts: ServerParts,
  live: LiveView,
  run: RunRow,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<ShownStep>> {
  if (isOver(run)) return listSteps(parts.catalog.db, run.runId, { limit: page.limit, cursor: page.cursor === undefined ? undefined : Number(page.cursor) });
  const offset = page.cursor === undefined ? 0 : Number(page.cursor);
  const state = await live.state(run, { offset, limit: page.limit });
  const byStep = groupByStep(
    await listEvents(
      parts.catalog.db,
      run,
      state?.steps.map((step) => step.step),
    ),
  );
  if (!state) {
    const observed = [...byStep].map(([step, seen]) => observedStep(step, seen));
    return { items: observed.slice(offset, offset + page.limit), next: observed.length > offset + page.limit ? String(offset + page.limit) : null };
  }
  const items = state.steps.map((step) => liveStep(step, byStep.get(step.step) ?? []));
  return { items, next: offset + items.length < state.total && items.length > 0 ? String(offset + items.length) : null };
}

export function groupByStep(events: readonly ObservedEvent[]): Map<string, ObservedEvent[]> {
  const groups = new Map<string, ObservedEvent[]>();
  for (const event of events) {
    const group = groups.get(event.step);
    if (group) group.push(event);
    else groups.set(event.step, [event]);
  }
  return groups;
}

/** The interpreter knows when a step was queued; that it has started it learns only at its end, so pushes fill that in. */
export function liveStep(step: LiveStep, events: readonly ObservedEvent[]): ShownStep {
  const started = lastOf(events, 'started');
  const ended = lastOf(events, 'attempt');
  const waiting = lastOf(events, 'no-task');
  const progress = lastOf(events, 'progress');
  const open = step.status === 'queued' || step.status === 'running' || step.status === 'retrying';
  const runs = open && started !== undefined && (ended === undefined || ended.attempt < started.attempt);
  const lacks = open && !runs && waiting !== undefined && (started === undefined || started.at < waiting.at);
  return {
    ...step,
    status: runs ? 'running' : lacks ? 'waiting' : step.status,
    waitingFor: lacks ? `no worker in pool "${waiting.pool}" has ${waiting.task} version ${waiting.version}` : runs ? null : step.waitingFor,
    startedAt: step.startedAt ?? (runs ? started.at : null),
    attempts: Math.max(step.attempts, runs ? started.attempt : 0),
    version: null,
    worker: runs ? started.worker : null,
    runMs: null,
    waitMs: 0,
    output: null,
    meta: null,
    ...(runs && { observed: true }),
    ...(runs && progress && progress.attempt === started.attempt && { progress: { done: progress.done, total: progress.total, note: progress.note } }),
  };
}

/** A step known from pushes only. */
function observedStep(step: string, events: readonly ObservedEvent[]): ShownStep {
  const base: LiveStep = {
    step,
    kind: 'task',
    task: null,
    status: 'queued',
    waitingFor: null,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    attempts: 0,
    failure: null,
  };
  const ended = lastOf(events, 'attempt');
  const shown = liveStep(base, events);
  if (shown.status !== 'queued' || !ended) return { ...shown, observed: true };
  return { ...shown, observed: true, status: ended.failure ? 'retrying' : 'done', attempts: ended.attempt, worker: ended.worker, endedAt: ended.at };
}

function lastOf<K extends ObservedEvent['kind']>(events: readonly ObservedEvent[], kind: K): Extract<ObservedEvent, { kind: K }> | undefined {
  return events.findLast((event): event is Extract<ObservedEvent, { kind: K }> => event.kind === kind);
}
