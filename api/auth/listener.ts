/** Which addresses the server may listen on and which Host and Origin headers it takes. Server only. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** Throws HDL-INSECURE-LISTENER for a listener beyond the loopback without TLS and without the explicit flag. */
export function checkListener(server: ResolvedConfig['server']): void {
  if (isLoopback(server.host) || server.tls || server.insecure) return;
  throw new HeddleError('HDL-INSECURE-LISTENER', {
    what: `The server is told to listen on ${server.host}:${server.port} without TLS.`,
    where: 'server.listen',
    why: 'Tokens would cross the network in the clear.',
  });
}

/**
 * Refuses requests that a browser was tricked into: a Host that is not ours (DNS rebinding), an Origin that is not ours.
 * Throws HDL-FOREIGN-HOST.
 */
export function checkOrigin(server: ResolvedConfig['server'], host: string | undefined, origin: string | undefined): void {
  if (host === undefined || !isOurs(server, hostName(host))) {
    throw new HeddleError('HDL-FOREIGN-HOST', { what: `The request's Host header is ${host === undefined ? 'missing' : `"${host}"`}.`, where: server.url });
  }
  if (origin !== undefined && origin !== new URL(server.url).origin && !(isLoopback(hostName(host)) && sameLoopback(origin, host))) {
    throw new HeddleError('HDL-FOREIGN-HOST', { what: `The request comes from a page of another origin: ${origin}.`, where: server.url });
  }
}

function isOurs(server: ResolvedConfig['server'], name: string): boolean {
  if (name === new URL(server.url).hostname.toLowerCase() || name === server.host.toLowerCase()) return true;
  // a listener on every address has the loopback too; no foreign page can have such a name
  return isLoopback(name) && (isLoopback(server.host) || server.host === '0.0.0.0' || server.host === '::');
}

/** 'Example.org:8233' -> 'example.org', '[::1]:80' -> '[::1]'. */
const hostName = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

function sameLoopback(origin: string, host: string): boolean {
  try {
    const url = new URL(origin);
    return isLoopback(url.hostname) && url.host === host.toLowerCase();
  } catch {
    return false;
  }
}
