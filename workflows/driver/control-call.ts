/** Calls a control activity of the server: on its queue, 20 s from start to close, tried again without end. Sandbox. */
import { scheduleActivity } from '@temporalio/workflow';
import type { ControlActivities } from '../../dsl/contract/control.ts';
import { controlQueueOf } from '../../dsl/contract/step.ts';

export function controlCall<Name extends keyof ControlActivities>(
  project: string,
  name: Name,
  call: Parameters<ControlActivities[Name]>[0],
  id?: { readonly activityId: string; readonly summary: string },
): ReturnType<ControlActivities[Name]> {
  // The server registers exactly the activities of this interface under these names.
  return scheduleActivity(name, [call], {
    taskQueue: controlQueueOf(project),
    startToCloseTimeout: 20_000,
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
    ...id,
  }) as ReturnType<ControlActivities[Name]>;
}
