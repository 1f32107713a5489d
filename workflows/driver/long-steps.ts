/**
 * Which steps run as workflows of their own because they may take long in a run that will continue as new: activities and
 * plain children belong to one execution, and it would have to wait for them. Sandbox.
 */
import { patched } from '@temporalio/workflow';
import type { Json, PlanNode } from '../../dsl/plan/types.ts';
import type { Command } from '../scheduler/messages.ts';
import { LONG_STEP_WORKFLOW, type LongStepInput } from './child-contract.ts';
import type { Driver } from './driver.ts';
import type { StepLog } from './journal.ts';

type LongCommand = Extract<Command, { type: 'task' | 'pipeline' | 'workflow' }>;

const LONG_MS = 15 * 60_000;

/** True when it was started so. */
export function startedAsLong(driver: Driver, command: LongCommand, log: StepLog): boolean {
  const { context: run, core } = driver;
  if (run.role === 'long' || !mayTakeLong(command) || core.expected <= run.limits.largeRun) return false;
  if (core.status !== 'running' && core.status !== 'paused') return false; // `always` does not continue as new
  if (!patched('heddle-long-steps')) return false;
  driver.children.start<LongStepInput>(log, LONG_STEP_WORKFLOW, {
    project: run.project,
    runId: run.runId,
    pipeline: run.pipeline,
    planHash: run.planHash,
    partition: run.partition,
    node: nodeOf(command),
    tasks: command.type === 'task' ? { [command.task]: withoutBudgets(command.rules) } : {},
    calls: command.type === 'pipeline' ? { [command.pipeline]: command.planHash } : {},
    limits: run.givenLimits,
    marks: run.marks,
    earlier: log.earlier,
  });
  return true;
}

/** By what the author said: a task without a time-out of his own is taken for a short one. */
function mayTakeLong(command: LongCommand): boolean {
  switch (command.type) {
    case 'task':
      return command.rules.timed && command.rules.pool !== 'heddle' && command.rules.timeoutMs * command.rules.attempts > LONG_MS;
    case 'pipeline':
      return command.mode === 'call';
    case 'workflow':
      return true;
  }
}

/** The command as a node whose id is the whole path of the step. */
function nodeOf(command: LongCommand): PlanNode {
  const lit = (value: Json): Json => ({ $lit: value });
  const id = command.step;
  switch (command.type) {
    case 'task':
      return {
        kind: 'task',
        id,
        task: command.task,
        input: lit(command.input),
        ...(command.into && { into: lit(command.into) }),
        ...(command.keep && { keep: command.keep }),
      };
    case 'pipeline':
      return {
        kind: 'pipeline',
        id,
        pipeline: command.pipeline,
        mode: 'call',
        params: lit(command.params),
        partition: command.partition && lit(command.partition),
      };
    case 'workflow':
      return { kind: 'workflow', id, type: command.workflowType, queue: command.queue, input: lit(command.input), timeoutMs: command.timeoutMs };
  }
}

/** Failures within a class's budget are the run's matter. */
function withoutBudgets({ classes: _classes, ...rules }: Extract<LongCommand, { type: 'task' }>['rules']): Extract<LongCommand, { type: 'task' }>['rules'] {
  return rules;
}
