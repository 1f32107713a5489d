/** The run that an argument means: a run id, or `last`, or `last:PIPELINE`. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Client } from './client.ts';

/** Throws HDL-NO-RUN when there is none yet. An id is passed on as it is; the server knows whether it exists. */
export async function findRun(client: Client, run: string): Promise<string> {
  if (run !== 'last' && !run.startsWith('last:')) return run;
  const pipeline = run.slice('last:'.length);
  const { items } = await client.runs({ limit: 1, ...(pipeline !== '' && { pipeline }) });
  const newest = items[0];
  if (newest) return newest.runId;
  throw new HeddleError('HDL-NO-RUN', {
    what: pipeline === '' ? 'There is no run yet.' : `There is no run of ${pipeline} yet.`,
    fix: 'Start one: heddle run PIPELINE.',
  });
}
