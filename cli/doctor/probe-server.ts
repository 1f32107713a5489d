/** Does the server answer, does it know us, and what does it see? */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { createClient } from '../client/client.ts';
import { bad, ok, reason, warn, type Check } from './check.ts';

/** Checks of the server that say "look at it", not "it does not work". */
const warnings = new Set(['workers', 'temporal way']);

export async function probeServer(config: ResolvedConfig): Promise<Check[]> {
  const client = createClient(config);
  try {
    const { project } = await client.health();
    if (project !== config.project)
      return [
        bad(
          'server',
          `${client.url} serves project "${project}", and this is "${config.project}"`,
          'Set server.url (HEDDLE_SERVER) to the server of this project.',
        ),
      ];
  } catch (error) {
    return [bad('server', reason(error), isHeddleError(error) ? error.fix : 'Start it: heddle dev, or heddle server.')];
  }
  try {
    const { checks } = await client.doctor();
    return [
      ok('server', `${client.url} answers`),
      ...checks.map(({ name, ok: good, detail, fix }): Check =>
        good ? ok(`server: ${name}`, detail) : warnings.has(name) ? warn(`server: ${name}`, detail, fix ?? '') : bad(`server: ${name}`, detail, fix ?? ''),
      ),
    ];
  } catch (error) {
    return [bad('server', reason(error), isHeddleError(error) ? error.fix : "Look at the server's log.")];
  }
}
