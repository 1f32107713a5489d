/** The command line's entry, started by bin/heddle.mjs. Registers every command, runs one, and sets the exit code. */
import { Command } from 'commander';
import { exitCodeOf } from '../dsl/errors/heddle-error.ts';
import { commands } from './commands.ts';
import { createContext } from './create-context.ts';
import { createOutput } from './output.ts';
import { tellParent } from './processes/tell-parent.ts';
import { showError } from './show-error.ts';
import { usageError } from './usage-error.ts';
import { version } from './version.ts';

const program = new Command('heddle')
  .description('Typed pipelines that run durably.')
  .version(version(), '-V, --version', 'the version of Heddle')
  .option('--json', 'one JSON document on stdout, everything else on stderr')
  .option('--config <file>', 'the configuration, instead of looking for heddle.config.ts')
  .helpCommand(false)
  .showSuggestionAfterError(true)
  .configureHelp({ showGlobalOptions: false })
  .addHelpText('after', `
Examples:
  $ heddle new my-project            a project with one pipeline that works
  $ heddle dev                       everything on this machine, restarted as files change
  $ heddle run hello --wait          start a run and follow it to its end
  $ heddle show last                 its steps, states and times

Exit codes: 0 done, 1 the run or check failed, 2 wrong use, 3 an outside part is unreachable.
Each command has --help with examples. All of it: docs/cli.md`);

const quiet = (command: Command): void => {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const inner of command.commands) quiet(inner);
};
for (const command of commands) {
  const [first = '', second = ''] = command.usage.split(' ');
  const grouped = /^[a-z]/.test(second);
  const parent = grouped ? (program.commands.find((known) => known.name() === first) ?? program.command(first).helpGroup('Operate:').summary(second === '' ? '' : `${command.usage.split(' ').slice(1).join(' ')}: ${command.summary}`)) : program;
  command.register(parent, async (ran, run) => {
    const { json, config } = ran.optsWithGlobals<{ json?: boolean; config?: string }>();
    process.exitCode = (await run(createContext({ json: json ?? false, configFile: config }))) ?? 0;
  });
}
quiet(program);

const wantsJson = process.argv.includes('--json');
try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync(process.argv);
} catch (error) {
  const usage = usageError(error, program);
  if (usage !== undefined) {
    showError(createOutput(wantsJson), usage);
    process.exitCode = 2;
  } else if (!(error instanceof Error && error.name === 'CommanderError')) {
    showError(createOutput(wantsJson), error);
    process.exitCode = exitCodeOf(error);
    // a child of `heddle dev`: say that another try would end the same way
    if (process.send && process.exitCode === 2) tellParent({ kind: 'refused', text: error instanceof Error ? error.message : String(error) });
  }
  if (process.send) process.disconnect();
}
