/**
 * Gives attempts back to Temporal at once that ended with a process of this worker's state folder, instead of leaving them to
 * their heartbeat timeout: those that a blocked loop took down, and those of a process that was killed. The budget is the
 * next attempt's matter. Workers only, before they poll.
 */
import { Client, type ConnectionLike } from '@temporalio/client';
import type { StepFiles } from '../activities/step/step-host.ts';
import type { StepFailure } from '../dsl/contract/step.ts';
import { applicationFailure } from './application-failure.ts';
import { carryLost } from './lost-attempts.ts';
import { takeKilled } from './running-notes.ts';

/** The worker is back: there is nothing to wait for. */
const DELAY_MS = 500;

export interface ReturnLostOptions {
  readonly stateFolder: string;
  readonly files: StepFiles;
  readonly connection: ConnectionLike;
  readonly namespace: string;
  log(line: Readonly<Record<string, unknown>>): void;
}

export async function returnLost({ stateFolder, files, connection, namespace, log }: ReturnLostOptions): Promise<void> {
  const returned = new Map<string, { readonly failure: StepFailure; readonly delayMs?: number }>();
  for (const { worker, step } of takeKilled(stateFolder)) {
    returned.set(step.token, { failure: lostWith(`HDL-WORKER-LOST: worker ${worker} died while step ${step.step} ran`), delayMs: DELAY_MS });
  }
  for (const { worker, what, steps } of await carryLost(stateFolder, files)) {
    const culprits = steps.flatMap(({ culprit, step, task }) => (culprit ? [`${step} (task ${task})`] : [])).join(' or ');
    log({ level: 'warn', code: 'HDL-LOOP-BLOCKED', text: `worker ${worker} was ended: ${culprits} ${what}` });
    for (const { step, task, token, culprit } of steps) {
      if (culprit)
        returned.set(token, { failure: { class: 'platform', code: 'HDL-LOOP-BLOCKED', message: `HDL-LOOP-BLOCKED: step ${step} (task ${task}) ${what}` } });
      else
        returned.set(token, { failure: lostWith(`HDL-WORKER-LOST: worker ${worker} was ended because ${culprits} ${what}; not charged`), delayMs: DELAY_MS });
    }
  }
  if (returned.size === 0) return;
  const { activity } = new Client({ connection, namespace });
  await Promise.all(
    [...returned].map(([token, { failure, ...delay }]) =>
      // one that Temporal knows of already, or that is wanted no more, is no error
      activity.fail(Buffer.from(token, 'base64'), applicationFailure(failure, { final: false, ...delay })).catch(() => undefined),
    ),
  );
  log({ level: 'warn', text: `${returned.size} attempts of a process that ended were given back` });
}

const lostWith = (message: string): StepFailure => ({ class: 'platform', code: 'HDL-WORKER-LOST', message });
