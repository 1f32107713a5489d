/**
 * A long step of a large run as a workflow of its own, so that the run need not wait for it before it continues as new. The
 * run's own driver over a plan of this one node; reports to the run, whichever execution it is in by then. Workflow type
 * 'heddle.step'. Sandbox.
 */
import { ApplicationFailure, CancellationScope, CancelledFailure, workflowInfo } from '@temporalio/workflow';
import type { Skeleton } from '../dsl/plan/types.ts';
import { createScheduler } from './scheduler/scheduler.ts';
import type { ChildResult, LongStepInput } from './driver/child-contract.ts';
import { Details } from './driver/details.ts';
import { Driver } from './driver/driver.ts';
import { failure } from './driver/failure-of.ts';
import { Mailbox } from './driver/messages-in.ts';
import { report } from './driver/report.ts';
import { limitsOf } from './driver/run-context.ts';

export async function runLongStep(input: LongStepInput): Promise<void> {
  const mailbox = new Mailbox();
  const root = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    const result = await run(input, mailbox, root);
    await report(input.reportTo, input.node.id, result);
    if (result.type === 'failed')
      throw ApplicationFailure.create({ type: result.failure.class, nonRetryable: true, message: result.failure.message, details: [result.failure] });
    if (result.type === 'cancelled') throw new CancelledFailure('cancelled');
  });
}

async function run(input: LongStepInput, mailbox: Mailbox, root: CancellationScope): Promise<ChildResult> {
  if (root.consideredCancelled) return { type: 'cancelled', abandoned: false };
  const skeleton: Skeleton = {
    format: 1,
    name: input.pipeline,
    onFailure: 'fail',
    dimensions: [],
    tasks: input.tasks,
    body: { nodes: [input.node], output: null },
    always: null,
    calls: input.calls,
  };
  const core = createScheduler({ skeleton, params: null, partition: input.partition });
  const details = new Details({});
  const driver = new Driver({
    context: {
      project: input.project,
      runId: input.runId,
      pipeline: input.pipeline,
      partition: input.partition,
      backfill: null,
      marks: input.marks,
      workflowId: workflowInfo().workflowId,
      limits: limitsOf(input.limits),
      givenLimits: input.limits,
      role: 'long',
      planHash: input.planHash,
      skeleton,
    },
    core,
    chunkSeed: () => undefined,
    waits: [],
    events: [],
    children: [],
    earlier: { [input.node.id]: input.earlier },
    paused: false,
    afterTurn: (now) => {
      details.show(now);
    },
  });
  mailbox.open(driver, {}, true);
  root.cancelRequested.catch(() => {
    driver.cancel();
  });
  await driver.drive();
  const state = core.step(input.node.id);
  if (core.status === 'cancelled') return { type: 'cancelled', abandoned: driver.journal.abandoned.length > 0 };
  if (state?.status === 'done') return { type: 'done', output: state.output, meta: driver.journal.logs.get(input.node.id)?.meta ?? null };
  return { type: 'failed', failure: state?.failure ?? failure('platform', 'HDL-STEP-CANCELLED', 'the step ended without a result') };
}
