/** Pins slices and models by a control activity. Sandbox. */
import type { Command } from '../scheduler/messages.ts';
import { controlCall } from './control-call.ts';
import type { Driver } from './driver.ts';
import { failure, failureOf } from './failure-of.ts';
import { activityIdOf } from './short-names.ts';

export function issuePin(driver: Driver, command: Extract<Command, { type: 'pin' }>): void {
  const { context: run } = driver;
  const summary = `pin ${command.pins.length === 1 ? 'one slice or model' : `${command.pins.length} slices and models`}`;
  controlCall(
    run.project,
    'heddle.pin',
    { project: run.project, runId: run.runId, planHash: run.planHash, pins: command.pins },
    { activityId: activityIdOf(run, `pin:${command.id}`), summary },
  ).then(
    ({ pins }) => {
      driver.push({ type: 'pinned', id: command.id, pins });
    },
    (error: unknown) => {
      driver.push({ type: 'pin-failed', id: command.id, failure: failureOf(error) ?? failure('platform', 'HDL-STEP-CANCELLED', 'the pin was cancelled') });
    },
  );
}
