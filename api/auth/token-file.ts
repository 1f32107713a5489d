/** The private token of a server on the loopback: whoever may read the file may use the server. Server only. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { tokenHash, type TokenEntry } from './tokens.ts';

/** Makes the file (mode 0600) where it is missing; a token that is there stays, so that clients live over a restart. */
export function localToken(file: string): TokenEntry {
  let token = '';
  try {
    token = readFileSync(file, 'utf8').trim();
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // fs errors carry a code
  }
  if (token.length < 32) {
    token = randomBytes(32).toString('base64url');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return { name: 'local', roles: ['admin', 'worker'], sha256: tokenHash(token) };
}
