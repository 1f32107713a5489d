/** Rows as the catalog's tests need them. */
import { newId } from '../../catalog/ids.ts';
import type { NewRun } from '../../catalog/runs.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';

export const sampleRun = (over: Partial<NewRun> = {}): NewRun => {
  const runId = newId();
  return {
    runId,
    project: 'default',
    pipeline: 'flights.train',
    partition: null,
    scope: null,
    planHash: 'plan-1',
    params: {},
    startedBy: 'ann',
    createdAt: 1_000,
    workflowId: `default:flights.train:-:${runId}`,
    parent: null,
    called: false,
    backfill: null,
    ...over,
  };
};

export const sampleStep = (step: string, over: Partial<StepRecord> = {}): StepRecord => ({
  step,
  kind: 'task',
  task: 'fit@1',
  status: 'done',
  waitingFor: null,
  queuedAt: 1_000,
  startedAt: 1_100,
  endedAt: 1_300,
  attempts: 1,
  failure: null,
  version: '1',
  worker: 'w1',
  runMs: 200,
  waitMs: 0,
  output: { auc: 0.63 },
  meta: { startedAt: 1_100, attempt: 1, worker: 'w1', ms: 200 },
  ...over,
});
