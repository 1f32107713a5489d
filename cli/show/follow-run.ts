/** Follows a run to its end: a table redrawn on a terminal, a line for each change in a pipe. A server that restarts is waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { runWithSteps } from '../client/all-steps.ts';
import type { Client } from '../client/client.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';
import { createStepLines } from './step-lines.ts';
import { runFooter, runHeader } from './run-header.ts';
import { stepTable } from './step-table.ts';

/** Steps fetched a round; a folded map of more is counted by its header. */
const STEPS = 1_000;
const PATIENCE_MS = 60_000;

/** Gives the run when it is over, or when it is paused by a failure (nothing happens then until somebody acts). */
export async function followRun(client: Client, runId: string, output: Output, options: { readonly all?: boolean } = {}): Promise<RunDetail> {
  const say = (text: string): void => {
    if (output.json) output.note(text);
    else output.line(text);
  };
  const lines = createStepLines(output, say);
  const interrupted = (): void => {
    output.note(`\nThe run goes on: heddle watch ${runId}`);
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    for (;;) {
      const run = await patiently(output, () => runWithSteps(client, runId, options.all ? 10_000 : STEPS));
      const over = isOver(run);
      if (output.terminal) output.redraw(`${runHeader(output, run)}\n${stepTable(output, run.steps, options)}`);
      else lines.update(run, over);
      if (over) {
        if (!output.terminal) say(runHeader(output, run));
        const footer = runFooter(output, run);
        if (footer !== '') say(footer);
        return run;
      }
      await patiently(output, () => client.wait(runId, output.terminal ? 500 : 1_000));
    }
  } finally {
    process.removeListener('SIGINT', interrupted);
  }
}

export const isOver = (run: RunDetail): boolean =>
  run.status === 'done' || run.status === 'failed' || run.status === 'cancelled' || (run.status === 'paused' && (run.counts.failed ?? 0) > 0);

export const exitCodeOfRun = (run: { readonly status: string }): ExitCode => (run.status === 'done' ? 0 : 1);

/** Waits a minute for a server that went away. */
export async function patiently<T>(output: Output, call: () => Promise<T>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (let told = false; ; told = true) {
    try {
      return await call();
    } catch (error) {
      const gone = isHeddleError(error) && (error.code === 'HDL-SERVER-UNREACHABLE' || error.code === 'HDL-RUN-UNREACHABLE');
      if (!gone || Date.now() > until) throw error;
      if (!told) output.note('the server does not answer; trying again for a minute');
      await sleep(500);
    }
  }
}
