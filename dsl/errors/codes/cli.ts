/** Error codes: the command line and the configuration. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const cliCodes = {
  'HDL-SERVER-UNREACHABLE': { title: 'The Heddle server does not answer', fix: 'Start it: heddle dev, or heddle server. Or set HEDDLE_SERVER to its address.', exit: 3 },
  'HDL-NO-CONFIG': { title: 'There is no heddle.config.ts', fix: 'Go to the project, or start one: heddle new DIR.', exit: 2 },
  'HDL-BAD-CONFIG': { title: 'The configuration is wrong', fix: 'Mend heddle.config.ts as the message says; docs/cli.md lists the keys.', exit: 2 },
  'HDL-BAD-VARIABLE': { title: 'A setting has a value that cannot be', fix: 'Mend the value where the message says.', exit: 2 },
} as const satisfies Record<string, CodeEntry>;
