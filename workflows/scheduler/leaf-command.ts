/** The command of a leaf node (task, gate, wait, pipeline, workflow), its expressions evaluated. Pure, runs in the sandbox. */
import type { Expr, Json, JsonObject, TaskRules, WaitNode } from '../../dsl/plan/types.ts';
import { roughBytes } from './evaluate.ts';
import type { Command } from './messages.ts';
import type { NodeRun } from './node-run.ts';
import type { Scheduler } from './scheduler.ts';

export interface LeafCommand {
  readonly command: Command;
  /** Estimate of its payload. */
  readonly bytes: number;
}

/** null when the node settled instead (skipped, blocked, failed) or must wait for a pin. */
export function leafCommand(core: Scheduler, run: NodeRun): LeafCommand | null {
  const node = run.node;
  const step = run.state.step;
  switch (node.kind) {
    case 'task': {
      const rules = core.plan.tasks[node.task] as TaskRules;
      const values = node.into === undefined ? core.evaluateFor(run, node.input) : core.evaluateFor(run, node.input, node.into);
      if (!values) return null;
      const again = run.state.status === 'retrying';
      const delayMs = again ? Math.min(rules.backoffMs * 2 ** run.state.round, rules.backoffMs * 100) : 0;
      run.state.round++;
      const command: Command = {
        type: 'task',
        step,
        task: node.task,
        rules,
        input: values[0] as Json,
        round: run.state.round,
        delayMs,
        ...(node.into !== undefined && { into: values[1] as JsonObject }),
        ...(node.keep && { keep: node.keep }),
      };
      return { command, bytes: roughBytes(command.input) };
    }
    case 'gate': {
      const values = core.evaluateFor(run, node.ask, node.show);
      return values && { command: { type: 'gate', step, node, ask: values[0] as string, show: values[1] as Json }, bytes: 0 };
    }
    case 'wait':
      return waitCommand(core, run, node);
    case 'pipeline': {
      const values = core.evaluateFor(run, node.params, node.partition);
      if (!values) return null;
      const planHash = core.plan.calls[node.pipeline];
      if (planHash === undefined) {
        core.fail(run, { class: 'user', code: 'HDL-UNKNOWN-PIPELINE', message: `the plan calls ${node.pipeline}, and does not say which version of it` });
        return null;
      }
      const params = values[0] as Json;
      return {
        command: { type: 'pipeline', step, pipeline: node.pipeline, planHash, mode: node.mode, params, partition: values[1] as JsonObject | null },
        bytes: roughBytes(params),
      };
    }
    case 'workflow': {
      const values = core.evaluateFor(run, node.input);
      if (!values) return null;
      const input = values[0] as Json;
      return { command: { type: 'workflow', step, workflowType: node.type, queue: node.queue, input, timeoutMs: node.timeoutMs }, bytes: roughBytes(input) };
    }
    default:
      return null;
  }
}

function waitCommand(core: Scheduler, run: NodeRun, node: WaitNode): LeafCommand | null {
  const step = run.state.step;
  if ('event' in node.on) return { command: { type: 'wait', step, node, on: { kind: 'event', event: node.on.event } }, bytes: 0 };
  if ('path' in node.on) {
    const values = core.evaluateFor(run, node.on.path);
    return values && { command: { type: 'wait', step, node, on: { kind: 'path', uri: values[0] as string } }, bytes: 0 };
  }
  const request = core.sliceFor(run, (node.on.slice as { readonly $slice: Expr }).$slice);
  return request && { command: { type: 'wait', step, node, on: { kind: 'slice', request } }, bytes: 0 };
}
