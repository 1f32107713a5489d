/** The table of a run's attempts, in the order of its tries. */
import type { AttemptRecord } from '../../dsl/contract/api.ts';
import type { Output } from '../output.ts';
import { table } from './table.ts';
import { clock, duration } from './time.ts';

export function attemptTable(output: Output, attempts: readonly AttemptRecord[]): string {
  return table(
    output,
    ['RETRY', 'STEP', 'ATTEMPT', 'STARTED', 'TOOK', 'WORKER', 'HOW IT ENDED'],
    attempts.map(({ retry, step, attempt, startedAt, endedAt, worker, failure }) => [
      retry > 0 ? String(retry) : '',
      step,
      String(attempt),
      startedAt === null ? '' : clock(startedAt),
      startedAt !== null && endedAt !== null ? duration(endedAt - startedAt) : '',
      worker ?? '',
      failure ? `${failure.class} ${failure.code}: ${failure.message.split('\n', 1)[0] ?? ''}`.slice(0, 120) : endedAt === null ? 'not known' : 'well',
    ]),
  );
}
