/** The tracker of one attempt, where the project has one. Workers and isolated children. */
import type { StepFiles } from '../activities/step/step-host.ts';
import { stepTracker, type StepTracker } from '../activities/tracking/step-tracker.ts';
import type { StepCall } from '../dsl/contract/step.ts';

export const trackerOf = ({ runId, pipeline, partition, step }: StepCall, files: StepFiles): StepTracker =>
  stepTracker({ runId, pipeline, partition: partition ?? null, step }, { write: (uri, content) => files.write(uri, content), now: Date.now });
