/** The answer to the query heddle.state, and the rows that live view and record share. Sandbox. */
import type { LiveState, LiveStep, StepStatus } from '../../dsl/contract/run.ts';
import { queueOf } from '../../dsl/contract/step.ts';
import type { StepState } from '../scheduler/messages.ts';
import { containerTimes, type Times } from './container-times.ts';
import type { Driver } from './driver.ts';
import { attemptsOf } from './journal.ts';

const PAGE = 200;

export const EMPTY_STATE: LiveState = { status: 'running', counts: {}, total: 0, steps: [] };

/** `hidden`: steps that ended before a continue-as-new and are in the record alone. */
export function liveState(driver: Driver, hidden: LiveState['counts'], page: { readonly offset?: number; readonly limit?: number } | undefined): LiveState {
  const offset = page?.offset ?? 0;
  const end = offset + (page?.limit ?? PAGE);
  const times = containerTimes(driver);
  const steps: LiveStep[] = [];
  let total = 0;
  for (const state of driver.core.steps()) {
    if (total >= offset && total < end) steps.push(liveStep(driver, state, times));
    total++;
  }
  return { status: driver.status, counts: countsOf(driver, hidden), total, steps };
}

export function liveStep(driver: Driver, state: StepState, times: ReadonlyMap<string, Times>): LiveStep {
  const log = driver.journal.logs.get(state.step);
  const status = log?.overlay ?? state.status;
  const around = log ? undefined : times.get(state.step);
  return {
    step: state.step,
    kind: state.kind,
    task: state.task,
    status,
    waitingFor: log?.waitingFor ?? (status === 'queued' ? queueFor(driver, state) : null),
    queuedAt: log?.queuedAt ?? around?.from ?? null,
    startedAt: log ? (log.meta?.startedAt ?? null) : (around?.from ?? null),
    endedAt: log?.endedAt ?? (isOver(status) ? (around?.to ?? null) : null),
    attempts: log ? attemptsOf(log) : 0,
    failure: state.failure,
  };
}

function queueFor(driver: Driver, state: StepState): string | null {
  const { context: run } = driver;
  const rules = state.task === null ? undefined : run.skeleton.tasks[state.task];
  return rules ? `a worker of ${queueOf(run.project, rules.pool, rules.class, run.marks.lane)}` : null;
}

export function countsOf(driver: Driver, hidden: LiveState['counts']): LiveState['counts'] {
  const counts: { [S in StepStatus]?: number } = { ...driver.core.counts };
  const add = (status: StepStatus, by: number): void => {
    const now = (counts[status] ?? 0) + by;
    if (now === 0) delete counts[status];
    else counts[status] = now;
  };
  for (const [status, count] of Object.entries(hidden)) add(status as StepStatus, count); // keys of a table by status
  const { publishing, abandoned } = driver.journal;
  if (publishing > 0) {
    add('publishing', publishing);
    add('queued', -publishing);
  }
  for (const step of abandoned) {
    const status = driver.core.step(step)?.status;
    if (!status) continue;
    add('abandoned', 1);
    add(status, -1);
  }
  return counts;
}

const OVER: ReadonlySet<StepStatus> = new Set<StepStatus>(['done', 'failed', 'skipped', 'blocked', 'cancelled', 'abandoned']);
export const isOver = (status: StepStatus): boolean => OVER.has(status);
