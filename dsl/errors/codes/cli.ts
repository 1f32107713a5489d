/** Error codes: the command line and the configuration. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const cliCodes = {
  'HDL-USAGE': { title: 'The command line was used wrongly', fix: 'See heddle --help, or --help after a command.', exit: 2 },
  'HDL-SERVER-UNREACHABLE': {
    title: 'The Heddle server does not answer',
    fix: 'Start it: heddle dev, or heddle server. Or set HEDDLE_SERVER to its address.',
    exit: 3,
  },
  'HDL-NOT-A-SERVER': {
    title: 'Something answers at the address, but not a Heddle server',
    fix: 'Set HEDDLE_SERVER, or server.url in heddle.config.ts, to the address of the Heddle server.',
    exit: 3,
  },
  'HDL-PROBLEMS': { title: 'The project has mistakes, so nothing was started', fix: 'Mend them; heddle check shows all of them.', exit: 1 },
  'HDL-NO-CONFIG': {
    title: 'There is no heddle.config.ts',
    fix: "Change into the project's folder, or give --config FILE, or make a project: heddle new DIR.",
    exit: 2,
  },
  'HDL-CONFIG-LOAD': { title: 'The configuration cannot be loaded', fix: 'Mend the place that the message names.', exit: 2 },
  'HDL-CONFIG-INVALID': {
    title: 'The configuration has values that cannot be used',
    fix: 'Change them in heddle.config.ts; docs/cli.md lists every key.',
    exit: 2,
  },
  'HDL-BAD-VARIABLE': { title: 'A HEDDLE_ variable has a value that cannot be used', fix: 'Set it as the message says, or unset it.', exit: 2 },
  'HDL-FOLDER-NOT-EMPTY': { title: 'The folder for a new project is not empty', fix: 'Name a folder that is empty or not there yet.', exit: 2 },
  'HDL-DEV-RUNNING': { title: 'heddle dev runs in this project already', fix: 'Use it, or stop it first (Ctrl+C where it runs).', exit: 2 },
  'HDL-NO-TEMPORAL-BINARY': {
    title: 'There is no Temporal server to start',
    fix: 'Put `temporal` on PATH, or set HEDDLE_TEMPORAL_BINARY, or set temporal.address to a server that runs.',
    exit: 3,
  },
} as const satisfies Record<string, CodeEntry>;
