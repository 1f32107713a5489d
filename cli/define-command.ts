/** A command as its file under commands/ declares it; main.ts registers all of them. Keeps top-level imports there light. */
import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import type { ExitCode } from './exit-code.ts';

export interface CommandSpec<O, A extends readonly (string | undefined)[]> {
  /** With its arguments: 'show <run>'. A name of two words is a command of a group: 'catalog rebuild'. */
  readonly usage: string;
  readonly summary: string;
  /** Heading in `heddle --help`. */
  readonly group: 'Write' | 'Run' | 'Look' | 'Steer' | 'Operate';
  /** Command lines with a remark each. */
  readonly examples: readonly (readonly [line: string, remark: string])[];
  readonly options?: (command: Command) => unknown;
  /** Gives the exit code; nothing means 0. */
  readonly run: (context: CommandContext, options: O, ...args: A) => Promise<ExitCode | void>;
}

/** A command without its types, as main.ts holds all of them in one list. */
export interface RegisteredCommand {
  readonly usage: string;
  readonly summary: string;
  readonly register: (parent: Command, runner: Runner) => void;
}
export type Runner = (command: Command, run: (context: CommandContext) => Promise<ExitCode | void>) => Promise<void>;

export function defineCommand<O = object, A extends readonly (string | undefined)[] = []>(spec: CommandSpec<O, A>): RegisteredCommand {
  return {
    usage: spec.usage,
    summary: spec.summary,
    register(parent, runner) {
      const command = parent.command(spec.usage.split(' ').length > 1 && parent.name() !== 'heddle' ? spec.usage.slice(parent.name().length + 1) : spec.usage);
      command.summary(spec.summary).description(`${spec.summary}.`).helpGroup(`${spec.group}:`);
      command
        .option('--json', 'one JSON document on stdout, everything else on stderr')
        .option('--config <file>', 'the configuration, instead of looking for heddle.config.ts');
      spec.options?.(command);
      const width = Math.max(...spec.examples.map(([line]) => line.length));
      command.addHelpText('after', `\nExamples:\n${spec.examples.map(([line, remark]) => `  $ ${line.padEnd(width)}   ${remark}`).join('\n')}`);
      command.action(async () => {
        // commander checks the arguments against the usage, so there are as many as A says
        await runner(command, (context) => spec.run(context, command.opts() as O, ...(command.processedArgs as unknown as A)));
      });
    },
  };
}
