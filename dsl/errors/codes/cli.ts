/** Error codes: the command line and the configuration. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const cliCodes = {
  'HDL-SERVER-UNREACHABLE': { title: 'The Heddle server does not answer', fix: 'Start it: heddle dev, or heddle server. Or set HEDDLE_SERVER to its address.', exit: 3 },
  'HDL-NO-CONFIG': { title: 'There is no heddle.config.ts', fix: 'Change into the project\'s folder, or give --config FILE, or make a project: heddle new DIR.', exit: 2 },
  'HDL-CONFIG-LOAD': { title: 'The configuration cannot be loaded', fix: 'Mend the place that the message names.', exit: 2 },
  'HDL-CONFIG-INVALID': { title: 'The configuration has values that cannot be used', fix: 'Change them in heddle.config.ts; docs/cli.md lists every key.', exit: 2 },
  'HDL-BAD-VARIABLE': { title: 'A HEDDLE_ variable has a value that cannot be used', fix: 'Set it as the message says, or unset it.', exit: 2 },
} as const satisfies Record<string, CodeEntry>;
