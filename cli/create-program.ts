/** The whole command line as commander knows it. `runner` runs what was asked for; main.ts and the tests give it. */
import { Command } from 'commander';
import { commands } from './commands.ts';
import type { Runner } from './define-command.ts';
import { version } from './version.ts';

const EPILOGUE = `
Examples:
  $ heddle new my-project            a project with one pipeline that works
  $ heddle dev                       everything on this machine, restarted as files change
  $ heddle run hello --wait          start a run and follow it to its end
  $ heddle show last                 its steps, states and times

Exit codes: 0 done, 1 the run or check failed, 2 wrong use, 3 an outside part is unreachable.
Each command has --help with examples. All of it: docs/cli.md`;

/** Commands of two words, by the first. */
const GROUPS: Readonly<Record<string, { readonly heading: string; readonly summary: string }>> = {
  backfill: { heading: 'Run:', summary: 'plan, start, show, list, pause, resume, cancel, redo: many partitions, by the state of the data' },
};

/** Complaints are thrown, as CommanderError, and not printed. */
export function createProgram(runner: Runner): Command {
  const program = new Command('heddle')
    .description('Typed pipelines that run durably.')
    .version(version(), '-V, --version', 'the version of Heddle')
    .option('--json', 'one JSON document on stdout, everything else on stderr')
    .option('--config <file>', 'the configuration, instead of looking for heddle.config.ts')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .addHelpText('after', EPILOGUE);
  for (const command of commands) {
    const words = command.usage.split(' ');
    const [group = ''] = words;
    const grouped = /^[a-z]/.test(words[1] ?? '');
    const parent = grouped
      ? (program.commands.find((known) => known.name() === group) ??
        program
          .command(group)
          .helpGroup(GROUPS[group]?.heading ?? 'Operate:')
          .summary(GROUPS[group]?.summary ?? `${words.slice(1).join(' ')}: ${command.summary}`))
      : program;
    command.register(parent, runner);
  }
  quiet(program);
  return program;
}

function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const inner of command.commands) quiet(inner);
}
