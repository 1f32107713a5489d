/**
 * Outputs of steps as a workflow's history holds them: for a run that could not write its own record, so that a retry need
 * not run finished steps again. Server only.
 */
import { defaultPayloadConverter, type Client } from '@temporalio/client';
import type { AttemptMeta } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';

export interface HistoryOutput {
  readonly output: Json;
  readonly meta: AttemptMeta | null;
}

/** By step path. Empty where the history is gone. A step whose partition is staged but not published is not in it. */
export async function historyOutputs(temporal: Client, workflowId: string): Promise<Map<string, HistoryOutput>> {
  const outputs = new Map<string, HistoryOutput>();
  try {
    const history = await temporal.withDeadline(Date.now() + 10_000, () => temporal.workflow.getHandle(workflowId).fetchHistory());
    const steps = new Map<string, string>();
    for (const event of history.events ?? []) {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled) {
        // Every activity of a step carries its path in its call, also the publish that follows a task.
        const step = fieldOf(decode(scheduled.input?.payloads?.[0]), 'step');
        if (typeof step === 'string') steps.set(String(event.eventId), step);
      }
      const told = event.workflowExecutionSignaledEventAttributes;
      if (told?.signalName === 'heddle.reported') addReport(outputs, decode(told.input?.payloads?.[0]));
      const completed = event.activityTaskCompletedEventAttributes;
      const step = completed && steps.get(String(completed.scheduledEventId));
      if (step === undefined || step === null) continue;
      const result = decode(completed?.result?.payloads?.[0]);
      const output = fieldOf(result, 'output');
      if (output === undefined) continue;
      const staged = fieldOf(result, 'staged');
      if (Array.isArray(staged) && staged.length > 0) outputs.delete(step);
      else outputs.set(step, { output: output as Json, meta: (fieldOf(result, 'meta') as AttemptMeta | undefined) ?? null }); // a StepResult, as the contract has it
    }
  } catch {
    return outputs; // no history, or not ours: what was read so far is true all the same
  }
  return outputs;
}

/** A long step ran in a workflow of its own (workflows/driver/child-contract.ts). */
function addReport(outputs: Map<string, HistoryOutput>, told: unknown): void {
  const [step, result] = [fieldOf(told, 'step'), fieldOf(told, 'result')];
  if (typeof step !== 'string' || fieldOf(result, 'type') !== 'done') return;
  outputs.set(step, { output: fieldOf(result, 'output') as Json, meta: fieldOf(result, 'meta') as AttemptMeta | null }); // as that contract has them
}

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];
const decode = (payload: Payload | undefined): unknown => (payload ? defaultPayloadConverter.fromPayload<unknown>(payload) : undefined);
const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
