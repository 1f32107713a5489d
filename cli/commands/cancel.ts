/** `heddle cancel`: ends a run. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly reason?: string;
  readonly force?: boolean;
  readonly wait?: boolean;
}

export const cancelCommand = defineCommand<Options, [string]>({
  usage: 'cancel <run>',
  summary: 'cancel a run: its steps are told, then its always block runs',
  group: 'Steer',
  examples: [
    ["heddle cancel last --reason 'wrong data'", 'tell the steps, wait up to 60 s for each, then clean up'],
    ['heddle cancel last --wait', 'come back when it is over'],
    ['heddle cancel 01K3XQ... --force', 'terminate at once'],
  ],
  options: (command) =>
    command
      .option('--reason <text>', 'kept with the run')
      .option('--force', 'terminate its workflows at once; the always block does not run')
      .option('-w, --wait', 'come back when the run is over'),
  async run({ output, client: connect }, { reason, force, wait }, run) {
    const { findRun } = await import('../client/find-run.ts');
    const client = await connect();
    const runId = await findRun(client, run);
    let summary = await client.cancel(runId, { ...(reason !== undefined && { reason }), ...(force && { force }) });
    while (wait && (summary.status === 'running' || summary.status === 'paused')) summary = await client.wait(runId, 25_000);
    output.document(summary);
    output.line(
      summary.status === 'cancelled'
        ? `run ${runId} is cancelled`
        : summary.endedAt === null
          ? `run ${runId} is being cancelled; follow it: heddle watch ${runId}`
          : `run ${runId} had ended already: ${summary.status}`,
    );
  },
});
