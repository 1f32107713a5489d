/** Puts back into a step's call what its history does not repeat, from the activity that carries it. Workers only. */
import type { Info } from '@temporalio/activity';
import { GATE_MS, type SentCall, type StepCall } from '../dsl/contract/step.ts';

export function wholeCall(sent: SentCall, info: Pick<Info, 'activityType' | 'startToCloseTimeoutMs' | 'heartbeatTimeoutMs'>, project: string): StepCall {
  return {
    project,
    task: info.activityType,
    planHash: '', // a step that publishes has it, and no other needs it
    timeoutMs: info.startToCloseTimeoutMs - GATE_MS,
    heartbeatMs: info.heartbeatTimeoutMs ?? 0,
    ...sent,
  };
}
