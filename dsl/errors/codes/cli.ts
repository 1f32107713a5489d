/** Error codes: the command line and the configuration. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const cliCodes = {
  'HDL-SERVER-UNREACHABLE': { title: 'The Heddle server does not answer', fix: 'Start it: heddle dev, or heddle server. Or set HEDDLE_SERVER to its address.', exit: 3 },
} as const satisfies Record<string, CodeEntry>;
