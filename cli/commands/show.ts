/** `heddle show`: a run and its steps, as they stand. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly all?: boolean;
  readonly attempts?: boolean;
}

export const showCommand = defineCommand<Options, [string]>({
  usage: 'show <run>',
  summary: 'show a run: its steps, states, times, failures',
  group: 'Look',
  examples: [
    ['heddle show last', 'the newest run'],
    ['heddle show last:flights.train', 'the newest of a pipeline'],
    ['heddle show 01K3XQ... --all', 'every item of its maps, too'],
    ['heddle show last --attempts', 'every attempt of every try of the run'],
  ],
  options: (command) =>
    command.option('-a, --all', 'do not fold the items of maps').option('--attempts', 'all attempts of all steps instead, those before a retry, too'),
  async run({ output, client: connect }, options, run) {
    const [{ runWithSteps }, { findRun }, { runHeader, runFooter }, { stepTable }] = await Promise.all([
      import('../client/all-steps.ts'),
      import('../client/find-run.ts'),
      import('../show/run-header.ts'),
      import('../show/step-table.ts'),
    ]);
    const client = await connect();
    const runId = await findRun(client, run);
    if (options.attempts) {
      const { attemptTable } = await import('../show/attempt-table.ts');
      const [summary, attempts] = await Promise.all([client.run(runId), client.attempts(runId)]);
      output.document(attempts);
      if (!output.json) output.line(`${runHeader(output, summary)}\n\n${attemptTable(output, attempts.items)}`);
      return;
    }
    const detail = await runWithSteps(client, runId, options.all || output.json ? 200_000 : 5_000);
    output.document(detail);
    if (output.json) return;
    output.line(runHeader(output, detail));
    output.line();
    output.line(stepTable(output, detail.steps, options));
    if (detail.next !== null) output.line('... and more steps: --all');
    const footer = runFooter(output, detail);
    if (footer !== '') output.line(footer);
  },
});
