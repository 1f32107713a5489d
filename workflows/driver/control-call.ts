/** Calls a control activity of the server: on its queue, 20 s from start to close unless it beats, tried again without end. Sandbox. */
import { scheduleActivity } from '@temporalio/workflow';
import type { ControlActivities } from '../../dsl/contract/control.ts';
import { controlQueueOf } from '../../dsl/contract/step.ts';

/** Those that may have to read much, and say that they live. */
const BEATS: ReadonlySet<keyof ControlActivities> = new Set<keyof ControlActivities>(['heddle.pin', 'heddle.watch']);
const LONG_MS = 6 * 3_600_000;
const HEARTBEAT_MS = 30_000;

export function controlCall<Name extends keyof ControlActivities>(
  project: string,
  name: Name,
  call: Parameters<ControlActivities[Name]>[0],
  id?: { readonly activityId: string; readonly summary: string },
): ReturnType<ControlActivities[Name]> {
  // The server registers exactly the activities of this interface under these names.
  return scheduleActivity(name, [call], {
    taskQueue: controlQueueOf(project),
    ...(BEATS.has(name) ? { startToCloseTimeout: LONG_MS, heartbeatTimeout: HEARTBEAT_MS } : { startToCloseTimeout: 20_000 }),
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
    ...id,
  }) as ReturnType<ControlActivities[Name]>;
}
