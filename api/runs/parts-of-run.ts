/** Workflows of a run that still run: its own, pages of its maps, long steps. Not the runs that it called. Server only. */
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { searchAttributeNames } from '../../dsl/contract/search-attributes.ts';

/** Does `what` to each; one that ended meanwhile is no error. */
export async function forEachPart(temporal: Client, runId: string, what: (handle: WorkflowHandle) => Promise<unknown>): Promise<void> {
  for await (const { workflowId } of temporal.workflow.list({ query: `${searchAttributeNames.runId} = "${runId}" AND ExecutionStatus = "Running"` })) {
    try {
      await what(temporal.workflow.getHandle(workflowId));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}
