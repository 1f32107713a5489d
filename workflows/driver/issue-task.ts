/** A task step: one activity on its pool's queue, and a publish activity where it staged a partition. Sandbox. */
import { ActivityCancellationType, patched, scheduleActivity, type ActivityOptions } from '@temporalio/workflow';
import type { TaskRules } from '../../dsl/plan/types.ts';
import {
  controlQueueOf,
  GATE_MS,
  OUTPUT_BYTES,
  queueOf,
  type PublishCall,
  type PublishResult,
  type SentCall,
  type StepCall,
  type StepResult,
} from '../../dsl/contract/step.ts';
import type { ControlStepCall } from '../../dsl/contract/control.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import type { Command } from '../scheduler/messages.ts';
import { controlCall } from './control-call.ts';
import type { Driver } from './driver.ts';
import { failure } from './failure-of.ts';
import type { StepLog } from './journal.ts';
import { startedAsLong } from './long-steps.ts';
import type { RunContext } from './run-context.ts';
import { nameAndVersion, activityIdOf, summaryOf, utf8Bytes } from './short-names.ts';

type TaskCommand = Extract<Command, { type: 'task' }>;

export function issueTask(driver: Driver, command: TaskCommand, log: StepLog): void {
  if (driver.children.adopt(log)) return;
  const size = roughBytes(command.input) > OUTPUT_BYTES ? utf8Bytes(JSON.stringify(command.input)) : 0;
  if (size > OUTPUT_BYTES) {
    driver.fail(
      log,
      failure(
        'data',
        'HDL-INPUT-TOO-LARGE',
        `the input of ${log.step} is ${size} bytes, and ${OUTPUT_BYTES} are allowed: pass large data by ctx.artifact or ctx.items`,
      ),
    );
    return;
  }
  const failed = (error: unknown): void => {
    driver.failWith(log, error);
  };
  const start = (): void => {
    if (startedAsLong(driver, command, log)) return;
    schedule(driver.context, command, log.earlier).then((result) => {
      ended(driver, command, log, result, failed);
    }, failed);
  };
  if (command.delayMs > 0) driver.later(log, command.delayMs, start);
  else start();
}

function schedule(run: RunContext, command: TaskCommand, earlier: number): Promise<StepResult> {
  const { step, rules } = command;
  const [name, version] = nameAndVersion(command.task);
  if (rules.pool === 'heddle') {
    const call: ControlStepCall = { project: run.project, runId: run.runId, pipeline: run.pipeline, step, input: command.input };
    const options = {
      taskQueue: controlQueueOf(run.project),
      startToCloseTimeout: 20_000,
      retry: retryOf(rules),
      activityId: activityIdOf(run, step),
      summary: summaryOf(step),
    };
    return scheduleActivity(name, [call], options);
  }
  const call: StepCall = {
    project: run.project,
    runId: run.runId,
    pipeline: run.pipeline,
    planHash: run.planHash,
    step,
    task: name,
    version,
    input: command.input,
    ...(command.into && { into: command.into }),
    ...(run.partition && { partition: run.partition.key }),
    attempts: rules.attempts,
    timeoutMs: rules.timeoutMs,
    heartbeatMs: rules.heartbeatMs,
    ...(rules.isolate && { isolate: true }),
    ...(command.keep && { keep: command.keep }),
    ...run.marks,
    ...(earlier > 0 && { earlier }),
  };
  const options: ActivityOptions = {
    activityId: activityIdOf(run, step),
    summary: summaryOf(`${step} v${version}`),
    taskQueue: queueOf(run.project, rules.pool, rules.class, run.marks.lane),
    // the worker keeps the step's own time, from when it has a slot
    startToCloseTimeout: rules.timeoutMs + GATE_MS,
    heartbeatTimeout: rules.heartbeatMs,
    ...(rules.queueMs !== null && { scheduleToStartTimeout: rules.queueMs }),
    retry: retryOf(rules),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  };
  if (rules.batch !== undefined && run.batches && earlier === 0) return run.batches.join(call, rules.batch, options);
  return scheduleActivity(name, [sent(call)], options);
}

/** Workers put the rest back (workers/whole-call.ts). */
function sent({ project: _project, task: _task, planHash, timeoutMs: _timeout, heartbeatMs: _heartbeat, ...call }: StepCall): SentCall {
  return call.into ? { ...call, planHash } : call;
}

/** Without a limit: the worker counts the attempts that are charged, and makes the last one final. */
const retryOf = (rules: TaskRules): NonNullable<ActivityOptions['retry']> => ({
  initialInterval: Math.max(1, rules.backoffMs),
  backoffCoefficient: 2,
  maximumInterval: Math.max(1, rules.backoffMs) * 100,
});

function ended(driver: Driver, command: TaskCommand, log: StepLog, result: StepResult, failed: (error: unknown) => void): void {
  // A control task answers { output } alone.
  driver.journal.setMeta(log, result.meta ?? null);
  if (!result.staged || result.staged.length === 0) {
    driver.settle(log, { type: 'done', step: log.step, output: result.output });
    return;
  }
  driver.journal.publish(log, true);
  const { context: run } = driver;
  const call: PublishCall = {
    project: run.project,
    runId: run.runId,
    step: log.step,
    pipeline: run.pipeline,
    output: result.output,
    staged: result.staged,
    replace: true,
    ...(command.keep && { keep: command.keep }),
  };
  const { staged } = result;
  const publish = (generations?: readonly number[]): Promise<PublishResult> =>
    scheduleActivity('heddle.publish', [{ ...call, ...(generations && { generations }) } satisfies PublishCall], {
      activityId: activityIdOf(run, `${log.step}:publish`),
      summary: summaryOf(`publish ${staged.map(({ dataset }) => dataset).join(', ')}`),
      taskQueue: queueOf(run.project, command.rules.pool, command.rules.class, run.marks.lane),
      startToCloseTimeout: PUBLISH_MS,
      heartbeatTimeout: BUILT_IN_HEARTBEAT_MS,
      retry: { ...retryOf(command.rules), maximumAttempts: Math.max(PUBLISH_ATTEMPTS, command.rules.attempts) },
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    });
  const published = patched('issue-generations')
    ? controlCall(
        run.project,
        'heddle.issue_generations',
        { project: run.project, runId: run.runId, step: log.step, staged },
        { activityId: activityIdOf(run, `${log.step}:generation`), summary: summaryOf(`number ${log.step}`) },
      ).then(({ generations }) => publish(generations))
    : publish();
  published.then(({ output }) => {
    driver.settle(log, { type: 'done', step: log.step, output });
  }, failed);
}

const PUBLISH_MS = 600_000;
/** A worker that dies in a built-in activity of the pool is missed after this, not only at the activity's end. */
export const BUILT_IN_HEARTBEAT_MS = 60_000;
const PUBLISH_ATTEMPTS = 10;
