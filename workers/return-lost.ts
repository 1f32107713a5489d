/**
 * Tells Temporal at once about attempts that ended with a process, instead of leaving them to their heartbeat timeout. Those
 * that it knows of already are no error. Workers only.
 */
import { Client, Connection } from '@temporalio/client';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { StepFailure } from '../dsl/contract/step.ts';
import { applicationFailure } from './application-failure.ts';
import type { LostProcess } from './lost-attempts.ts';

export async function returnLost(
  lost: readonly LostProcess[],
  config: Pick<ResolvedConfig, 'temporal'>,
  log: (line: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  if (lost.length === 0 || config.temporal.tls || config.temporal.apiKey !== null) return; // with credentials their timeouts do it
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address: config.temporal.address, connectTimeout: 3_000 });
    const { activity } = new Client({ connection, namespace: config.temporal.namespace });
    for (const { worker, what, steps } of lost) {
      const culprits = steps
        .filter(({ culprit }) => culprit)
        .map(({ step, task }) => `${step} (task ${task})`)
        .join(' or ');
      log({ level: 'warn', code: 'HDL-LOOP-BLOCKED', text: `worker ${worker} was ended: ${culprits} ${what}` });
      for (const step of steps) {
        const failure: StepFailure = step.culprit
          ? { class: 'platform', code: 'HDL-LOOP-BLOCKED', message: `HDL-LOOP-BLOCKED: step ${step.step} (task ${step.task}) ${what}` }
          : {
              class: 'platform',
              code: 'HDL-WORKER-LOST',
              message: `HDL-WORKER-LOST: worker ${worker} was ended because ${culprits} ${what}; this attempt is not charged`,
            };
        // the budget is the next attempt's matter, which reads the notes
        await activity.fail(Buffer.from(step.token, 'base64'), applicationFailure(failure, { final: false })).catch(() => undefined);
      }
    }
  } catch (error) {
    log({ level: 'warn', text: `could not tell Temporal of lost attempts: ${String(error)}` });
  } finally {
    await connection?.close();
  }
}
