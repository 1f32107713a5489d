/** `heddle schedules`, `schedules pause`, `schedules resume`: when pipelines run next, and what became of their last ticks. */
import { wholeNumber } from '../arguments/whole-number.ts';
import { defineCommand, type RegisteredCommand } from '../define-command.ts';
import type { Tick } from '../../catalog/schedules.ts';

export const schedulesCommand = defineCommand<{ readonly count: number }, [string | undefined]>({
  usage: 'schedules [pipeline]',
  summary: 'schedules that are applied: when they tick next, and the last ticks; of one: its next times, too',
  group: 'Look',
  examples: [
    ['heddle schedules', 'all'],
    ['heddle schedules flights.train', 'its last and its next times'],
  ],
  options: (command) => command.option('-n, --count <count>', 'so many times of one', wholeNumber, 10),
  async run({ output, client: connect }, { count }, pipeline) {
    const client = await connect();
    const [{ table }, { clock }] = await Promise.all([import('../show/table.ts'), import('../show/time.ts')]);
    const utc = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
    const tickText = (tick: Tick | null): string => (tick ? `${utc(tick.nominal)} ${tick.state}${tick.why === null ? '' : `: ${tick.why}`}` : 'none');
    if (pipeline !== undefined) {
      const found = await client.schedule(pipeline, count);
      output.document(found);
      if (output.json) return;
      output.line(
        `${pipeline}: ${found.schedule}${found.pausedAt === null ? '' : `, paused by ${found.pausedBy ?? ''} ${clock(found.pausedAt)}${found.note === null ? '' : `: ${found.note}`}`}`,
      );
      for (const tick of found.ticks.toReversed()) output.line(`  ${tickText(tick)}${tick.runs.length > 0 ? `  ${tick.runs.join(' ')}` : ''}`);
      for (const { nominal, at } of found.next) output.line(output.style('dim', `  ${utc(nominal)} next${at === nominal ? '' : `, at ${utc(at)}`}`));
      return;
    }
    const found = await client.schedules();
    output.document(found);
    if (output.json) return;
    if (found.items.length === 0) return output.line('no schedule is applied: heddle apply');
    output.line(
      table(
        output,
        ['PIPELINE', 'SCHEDULE', 'NEXT', 'STATE', 'LAST'],
        found.items.map((one) => [
          one.pipeline,
          one.schedule,
          one.nextAt === null ? 'never' : utc(one.nextAt),
          one.pausedAt === null ? 'active' : `paused by ${one.pausedBy ?? ''}${one.note === null ? '' : `: ${one.note}`}`,
          tickText(one.last),
        ]),
      ),
    );
  },
});

export const schedulesPauseCommand = control('pause', 'start nothing by a schedule until it is resumed', 'is paused');
export const schedulesResumeCommand = control('resume', 'let a schedule go on; what it missed is caught up within its window', 'goes on');

function control(verb: 'pause' | 'resume', summary: string, said: string): RegisteredCommand {
  return defineCommand<{ readonly note?: string }, [string]>({
    usage: `schedules ${verb} <pipeline>`,
    summary,
    group: 'Steer',
    examples: [[`heddle schedules ${verb} flights.train --note "HDFS is being moved"`, 'the note is kept']],
    options: (command) => command.option('--note <text>', 'why; shown with the schedule'),
    async run({ output, client: connect }, { note }, pipeline) {
      const client = await connect();
      const schedule = await client.pauseSchedule(pipeline, verb, note === undefined ? {} : { note });
      output.document(schedule);
      output.note(`the schedule of ${pipeline} ${said}`);
    },
  });
}

export const alertsCommand = defineCommand<{ readonly all?: boolean; readonly limit: number }>({
  usage: 'alerts',
  summary: 'what is overdue: deadlines of scheduled runs, partitions that should be there',
  group: 'Look',
  examples: [
    ['heddle alerts', 'those that are open'],
    ['heddle alerts --all', 'and those that are over'],
  ],
  options: (command) => command.option('-a, --all', 'also those that are resolved').option('-n, --limit <count>', 'at most so many', wholeNumber, 50),
  async run({ output, client: connect }, { all, limit }) {
    const found = await (await connect()).alerts({ all: String(all === true), limit });
    output.document(found);
    if (output.json) return;
    if (found.items.length === 0) return output.line('nothing is overdue');
    const { clock } = await import('../show/time.ts');
    for (const { cause, openedAt, resolvedAt } of found.items)
      output.line(
        `${output.style(resolvedAt === null ? 'red' : 'dim', resolvedAt === null ? 'open' : 'over')}  ${cause}, since ${clock(openedAt)}${resolvedAt === null ? '' : `, until ${clock(resolvedAt)}`}`,
      );
  },
});
