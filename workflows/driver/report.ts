/** Tells the parent of a chunk or long step what came of it, whichever execution of the parent runs now. Sandbox. */
import { defineSignal, getExternalWorkflowHandle } from '@temporalio/workflow';
import { childSignals, type ChildReport, type ChildResult, type ReportTo } from './child-contract.ts';

/** Resolves when Temporal has it. A parent that is gone is told nothing. */
export async function report(to: ReportTo | undefined, step: string, result: ChildResult): Promise<void> {
  if (!to) return; // started by an older interpreter
  try {
    await getExternalWorkflowHandle(to.workflowId).signal(defineSignal<[ChildReport]>(childSignals.reported), { step, token: to.token, result });
  } catch {
    return;
  }
}
