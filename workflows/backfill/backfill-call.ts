/** Calls a control activity of the server that is about backfills; tried again without end. Sandbox. */
import { scheduleActivity } from '@temporalio/workflow';
import type { BackfillActivities } from '../../dsl/contract/backfill.ts';
import { controlQueueOf } from '../../dsl/contract/step.ts';

export function backfillCall<Name extends keyof BackfillActivities>(
  project: string,
  name: Name,
  call: Parameters<BackfillActivities[Name]>[0],
  summary: string,
  limitMs = 60_000,
): ReturnType<BackfillActivities[Name]> {
  // The server registers exactly the activities of this interface under these names.
  return scheduleActivity(name, [call], {
    taskQueue: controlQueueOf(project),
    startToCloseTimeout: limitMs,
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
    summary,
  }) as ReturnType<BackfillActivities[Name]>;
}
