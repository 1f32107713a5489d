/** The token of this user: HEDDLE_TOKEN, else the private file that a server on this machine wrote. */
import { readFileSync } from 'node:fs';
import type { ResolvedConfig } from '../../config/resolved-config.ts';

/** Null when there is neither; the server then says what it wants. */
export function readToken(config: ResolvedConfig, env: Readonly<Record<string, string | undefined>> = process.env): string | null {
  if (env['HEDDLE_TOKEN']) return env['HEDDLE_TOKEN'];
  try {
    return readFileSync(config.server.tokenFile, 'utf8').trim() || null;
  } catch {
    return null;
  }
}
