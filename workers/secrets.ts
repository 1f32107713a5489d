/**
 * The worker's secrets: HEDDLE_SECRET_<NAME> in its environment, or a JSON file that HEDDLE_SECRETS_FILE names, read anew for
 * each secret so that a rotated one is found. All that is known at start is redacted from the start. Workers only.
 */
import { readFileSync } from 'node:fs';
import { Redactor } from '../activities/step/redactor.ts';

/** Shorter values are redacted only once a task has asked for them: they would shred every log. */
const MIN_LENGTH = 6;
const PREFIX = 'HEDDLE_SECRET_';

export interface Secrets {
  readonly redactor: Redactor;
  get(name: string): Promise<string | undefined>;
}

export function workerSecrets(env: Readonly<Record<string, string | undefined>> = process.env): Secrets {
  const redactor = new Redactor();
  for (const [key, value] of Object.entries(env))
    if (key.startsWith(PREFIX) && value !== undefined && value.length >= MIN_LENGTH) redactor.add(key.slice(PREFIX.length), value);
  for (const [name, value] of Object.entries(fromFile(env))) if (value.length >= MIN_LENGTH) redactor.add(name, value);
  return {
    redactor,
    async get(name) {
      const value = env[variableOf(name)] ?? fromFile(env)[name];
      if (value === undefined || value === '') return undefined;
      redactor.add(name, value);
      return value;
    },
  };
}

/** 'db.password' -> HEDDLE_SECRET_DB_PASSWORD */
const variableOf = (name: string): string => PREFIX + name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');

function fromFile(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const file = env['HEDDLE_SECRETS_FILE'];
  if (!file) return {};
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>; // checked entry by entry
    return Object.fromEntries(Object.entries(content).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return {}; // the secret is then missing, which its step says
  }
}
