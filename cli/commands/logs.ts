/** `heddle logs`: what a step wrote. */
import { setTimeout as sleep } from 'node:timers/promises';
import { wholeNumber } from '../arguments/whole-number.ts';
import { defineCommand } from '../define-command.ts';
import type { LogLine } from '../../dsl/contract/api.ts';

interface Options {
  readonly attempt?: number;
  readonly follow?: boolean;
}

export const logsCommand = defineCommand<Options, [string, string]>({
  usage: 'logs <run> <step>',
  summary: 'show what a step logged',
  group: 'Look',
  examples: [
    ['heddle logs last train', 'the newest attempt'],
    ["heddle logs last 'trials[0.01].train' --follow", 'until the step has ended'],
    ['heddle logs last train --attempt 1', 'an earlier attempt'],
  ],
  options: (command) =>
    command.option('--attempt <number>', 'this attempt instead of the newest', wholeNumber).option('-f, --follow', 'go on until the step has ended'),
  async run({ output, client: connect }, options, run, step) {
    const { findRun } = await import('../client/find-run.ts');
    const { clock } = await import('../show/time.ts');
    const client = await connect();
    const runId = await findRun(client, run);
    await client.explain(runId, step); // says which steps there are when this is none
    const all: LogLine[] = [];
    const show = (line: LogLine): void => {
      const level = line.level === 'info' ? '' : `${output.style(line.level === 'error' ? 'red' : 'yellow', line.level)} `;
      const fields = line.fields && Object.keys(line.fields).length > 0 ? ` ${output.style('dim', JSON.stringify(line.fields))}` : '';
      output.line(`${output.style('dim', clock(line.at))} ${level}${line.text}${fields}`);
    };
    for (let after = 0; ;) {
      const ended = !options.follow || ['done', 'failed', 'cancelled', 'abandoned', 'skipped', 'blocked'].includes((await client.explain(runId, step)).status);
      const page = await client.logs(runId, { step, after, ...(options.attempt !== undefined && { attempt: options.attempt }) });
      for (const line of page.items)
        if (output.json) all.push(line);
        else show(line);
      const moved = page.next !== null && Number(page.next) > after;
      if (moved) after = Number(page.next);
      else if (ended) break;
      else await sleep(500);
    }
    output.document({ items: all });
  },
});
