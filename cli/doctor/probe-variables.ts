/** HEDDLE_ variables that look misspelt: they would be silently without effect. */
import { closestName } from '../../config/closest-name.ts';
import { variables } from '../../config/variables.ts';
import { warn, type Check } from './check.ts';

export const others = [
  'HEDDLE_TOKEN',
  'HEDDLE_CACHE',
  'HEDDLE_TEMPORAL_BINARY',
  'HEDDLE_LOG_LEVEL',
  'HEDDLE_WORKER_NAME',
  'HEDDLE_WORKER_METRICS_PORT',
  'HEDDLE_DRAIN_MS',
  'HEDDLE_SECRETS_FILE',
];

export function probeVariables(env: Readonly<Record<string, string | undefined>>): Check[] {
  const known = [...Object.keys(variables), ...others];
  return Object.keys(env)
    .filter((name) => name.startsWith('HEDDLE_') && !known.includes(name) && !/^HEDDLE_(SECRET|TEST)_/.test(name))
    .flatMap((name) => {
      const near = closestName(
        name.slice('HEDDLE_'.length),
        known.map((one) => one.slice('HEDDLE_'.length)),
      );
      return near === undefined ? [] : [warn('variables', `${name} is not known and has no effect`, `Did you mean HEDDLE_${near}?`)];
    });
}
