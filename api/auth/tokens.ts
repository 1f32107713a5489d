/** Who a bearer token is, and what its roles allow. Only hashes are kept. Server only. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

export interface Identity {
  readonly name: string;
  readonly roles: readonly string[];
}
export type Role = 'viewer' | 'operator' | 'admin' | 'worker';

export interface TokenEntry {
  readonly name: string;
  readonly roles: readonly string[];
  readonly sha256: string;
}

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Throws HDL-NO-TOKEN where the header has no token that the server knows. */
export function identify(authorization: string | undefined, tokens: readonly TokenEntry[]): Identity {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw new HeddleError('HDL-NO-TOKEN', { what: 'The request carries no bearer token.' });
  const hash = Buffer.from(tokenHash(token));
  for (const entry of tokens) {
    const known = Buffer.from(entry.sha256.toLowerCase());
    if (known.length === hash.length && timingSafeEqual(known, hash)) return { name: entry.name, roles: entry.roles };
  }
  throw new HeddleError('HDL-NO-TOKEN', { what: 'The server does not know the token of this request.' });
}

const ranks: readonly string[] = ['viewer', 'operator', 'admin'];

/** viewer < operator < admin; worker stands beside them. */
export function hasRole(who: Identity, role: Role): boolean {
  if (role === 'worker') return who.roles.includes('worker');
  return who.roles.some((own) => ranks.indexOf(own) >= ranks.indexOf(role));
}

/** Throws HDL-FORBIDDEN. */
export function requireRole(who: Identity, role: Role): void {
  if (hasRole(who, role)) return;
  throw new HeddleError('HDL-FORBIDDEN', { what: `This needs the role ${role}; the token "${who.name}" has ${who.roles.join(', ') || 'no role'}.` });
}
