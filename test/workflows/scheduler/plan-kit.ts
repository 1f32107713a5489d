/** Small plans by hand and a driver that answers commands from a table: for tests of the scheduler core only. */
import type { Block, Expr, Json, PlanNode, Skeleton, TaskNode, TaskRules } from '../../../dsl/plan/types.ts';
import type { StepFailure } from '../../../dsl/contract/step.ts';
import { createScheduler } from '../../../workflows/scheduler/scheduler.ts';
import type { Command, SchedulerCore, SchedulerEvent, SchedulerOptions } from '../../../workflows/scheduler/messages.ts';

export const rules = (over: Partial<TaskRules> = {}): TaskRules => ({
  pool: 'default',
  class: 'small',
  attempts: 3,
  backoffMs: 1000,
  timeoutMs: 60_000,
  heartbeatMs: 60_000,
  queueMs: null,
  publishes: false,
  isolate: false,
  timed: false,
  ...over,
});
export const ref = (...path: string[]): Expr => ({ $ref: path });
export const task = (id: string, input: Expr = {}, over: Partial<TaskNode> = {}): PlanNode => ({ kind: 'task', id, task: 't@1', input, ...over });
export const block = (nodes: PlanNode[], output: Expr = null): Block => ({ nodes, output });
export const skeleton = (nodes: PlanNode[], output: Expr = null, over: Partial<Skeleton> = {}): Skeleton => ({
  format: 1,
  name: 'p',
  onFailure: 'fail',
  dimensions: [],
  tasks: { 't@1': rules() },
  body: block(nodes, output),
  always: null,
  calls: {},
  ...over,
});
export const userFailure = (message = 'broken'): StepFailure => ({ class: 'user', code: 'Error', message });

/** What a step gives: a value, a failure, or 'hang' (no answer). */
export type Answer = { readonly output: Json } | { readonly failure: StepFailure } | 'hang';

export interface Outcome {
  readonly core: SchedulerCore;
  readonly started: string[];
  readonly maxOpen: number;
  readonly commands: Command[];
}

/** Runs to the end, one event a turn, oldest command first (or in an order given by `pick`). */
export function drive(
  skel: Skeleton,
  answer: (command: Command) => Answer,
  options: Partial<SchedulerOptions> = {},
  pick: (open: number) => number = () => 0,
): Outcome {
  const core = createScheduler({ skeleton: skel, params: {}, partition: null, ...options });
  const open: Command[] = [];
  const started: string[] = [];
  const commands: Command[] = [];
  let maxOpen = 0;
  const take = (fresh: Command[]): void => {
    for (const command of fresh) {
      commands.push(command);
      open.push(command);
      if ('step' in command) started.push(command.step);
    }
    maxOpen = Math.max(maxOpen, open.length);
  };
  take(core.start());
  while (open.length > 0) {
    const [command] = open.splice(pick(open.length), 1) as [Command];
    const said = answer(command);
    if (said === 'hang') continue;
    take(core.turn([eventOf(command, said)]));
  }
  return { core, started, maxOpen, commands };
}

export function eventOf(command: Command, said: Exclude<Answer, 'hang'>): SchedulerEvent {
  if (command.type === 'pin')
    return 'failure' in said ? { type: 'pin-failed', id: command.id, failure: said.failure } : { type: 'pinned', id: command.id, pins: said.output as never };
  return 'failure' in said ? { type: 'failed', step: command.step, failure: said.failure } : { type: 'done', step: command.step, output: said.output };
}
