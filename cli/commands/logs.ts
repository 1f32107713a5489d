/** `heddle logs`: what a step wrote. */
import { setTimeout as sleep } from 'node:timers/promises';
import { wholeNumber } from '../arguments/whole-number.ts';
import type { Client } from '../client/client.ts';
import { defineCommand } from '../define-command.ts';
import type { Output } from '../output.ts';
import type { LogLine } from '../../dsl/contract/api.ts';

interface Options {
  readonly attempt?: number;
  readonly retry?: number;
  readonly all?: boolean;
  readonly follow?: boolean;
}
interface Asked {
  readonly step: string;
  readonly attempt?: number;
  readonly retry?: number;
}

export const logsCommand = defineCommand<Options, [string, string]>({
  usage: 'logs <run> <step>',
  summary: 'show what a step logged',
  group: 'Look',
  examples: [
    ['heddle logs last train', 'the newest attempt'],
    ["heddle logs last 'trials[0.01].train' --follow", 'until the step has ended'],
    ['heddle logs last train --attempt 1', 'an earlier attempt'],
    ['heddle logs last train --retry 0', 'the newest attempt before the first retry'],
    ['heddle logs last train --all', 'every attempt of every try'],
  ],
  options: (command) =>
    command
      .option('--attempt <number>', 'this attempt instead of the newest', wholeNumber)
      .option('--retry <number>', 'of this retry of the run; 0 is its first try', wholeNumber)
      .option('-a, --all', 'all attempts, one after the other')
      .option('-f, --follow', 'go on until the step has ended'),
  async run({ output, client: connect }, options, run, step) {
    const { findRun } = await import('../client/find-run.ts');
    const client = await connect();
    const runId = await findRun(client, run);
    await client.explain(runId, step); // says which steps there are when this is none
    const { retry, attempt } = options;
    const asked: Asked = { step, ...(retry !== undefined && { retry }), ...(attempt !== undefined && { attempt }) };
    const all: LogLine[] = [];
    const { clock } = await import('../show/time.ts');
    const show = (line: LogLine): void => {
      all.push(line);
      if (!output.json) output.line(`${output.style('dim', clock(line.at))} ${textOf(output, line)}`);
    };
    if (!options.all) await tail(client, runId, asked, options.follow ?? false, show);
    else {
      for (const one of (await client.attempts(runId, step)).items) {
        if ((retry ?? one.retry) !== one.retry || (attempt ?? one.attempt) !== one.attempt) continue;
        if (!output.json)
          output.line(
            output.style('bold', `${one.retry > 0 ? `retry ${one.retry}, ` : ''}attempt ${one.attempt}${one.worker === null ? '' : ` on ${one.worker}`}`),
          );
        await tail(client, runId, { step, retry: one.retry, attempt: one.attempt }, false, show);
      }
    }
    output.document({ items: all });
  },
});

function textOf(output: Output, line: LogLine): string {
  const level = line.level === 'info' ? '' : `${output.style(line.level === 'error' ? 'red' : 'yellow', line.level)} `;
  const fields = line.fields && Object.keys(line.fields).length > 0 ? ` ${output.style('dim', JSON.stringify(line.fields))}` : '';
  return `${level}${line.text}${fields}`;
}

const OVER: readonly string[] = ['done', 'failed', 'cancelled', 'abandoned', 'skipped', 'blocked'];

async function tail(client: Client, runId: string, asked: Asked, follow: boolean, show: (line: LogLine) => void): Promise<void> {
  for (let after = 0; ;) {
    const ended = !follow || OVER.includes((await client.explain(runId, asked.step)).status);
    const page = await client.logs(runId, { ...asked, after });
    for (const line of page.items) show(line);
    const moved = page.next !== null && Number(page.next) > after;
    if (moved) after = Number(page.next);
    else if (ended) return;
    else await sleep(500);
  }
}
