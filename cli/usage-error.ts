/** Turns commander's complaints into HDL-USAGE, with its "did you mean" kept. */
import { CommanderError, type Command } from 'commander';
import { closestName } from '../config/closest-name.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';

/** Undefined when it is no complaint: --help and --version end that way too. */
export function usageError(error: unknown, program: Command): HeddleError | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  if (['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)) return undefined;
  const [said = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const near = error.code === 'commander.unknownCommand' ? nearCommand(said, program) : undefined;
  const meant = hint?.replace(/^\(Did you mean (.*)\?\)$/, 'Did you mean $1?') ?? (near === undefined ? '' : `Did you mean ${near}?`);
  return new HeddleError('HDL-USAGE', { what: `${said.charAt(0).toUpperCase()}${said.slice(1)}.${meant ? ` ${meant}` : ''}`, cause: error });
}

const nearCommand = (said: string, program: Command): string | undefined =>
  closestName(
    /'(.*)'/.exec(said)?.[1] ?? '',
    program.commands.map((command) => command.name()),
  );
