/** One call of the API: address, token, JSON both ways, and every failure as a coded error. */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { HeddleError, type ErrorJson } from '../../dsl/errors/heddle-error.ts';
import { registry } from '../../dsl/errors/registry.ts';
import { readToken } from './read-token.ts';

type Query = Readonly<Record<string, string | number | undefined>>;
interface CallOptions {
  readonly query?: Query;
  readonly body?: unknown;
  /** For what takes longer than the server's long polls. */
  readonly timeoutMs?: number;
}
export type Request = <T>(method: 'GET' | 'POST', path: string, options?: CallOptions) => Promise<T>;

/** Longest the server is waited for; its own long polls are shorter. */
const TIMEOUT_MS = 90_000;

/** Throws what the server threw, HDL-SERVER-UNREACHABLE, or HDL-NOT-A-SERVER. */
export function createRequest(config: ResolvedConfig): Request {
  const { url } = config.server;
  return async <T>(method: 'GET' | 'POST', path: string, options: CallOptions = {}): Promise<T> => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(options.query ?? {})) if (value !== undefined) query.set(key, String(value));
    const token = readToken(config);
    let response: Response;
    try {
      response = await fetch(`${url}/api/v1${path}${query.size > 0 ? `?${query}` : ''}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(options.body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
        signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
      });
    } catch (error) {
      throw new HeddleError('HDL-SERVER-UNREACHABLE', {
        what: `The Heddle server at ${url} does not answer: ${reasonOf(error, options.timeoutMs ?? TIMEOUT_MS)}.`,
        where: `${method} ${path}`,
        why: `The address comes from ${config.sources['server.url'] ?? 'default'}.`,
        fix: fixOf(error),
        cause: error,
      });
    }
    const text = await response.text();
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer as T; // both sides share dsl/contract/api.ts
    const error = (answer as { error?: ErrorJson } | undefined)?.error;
    if (error !== undefined && typeof error.what === 'string' && error.code in registry) {
      const other = error.code === 'HDL-NO-TOKEN' ? await otherProject(config) : undefined;
      throw new HeddleError(error.code, {
        what: error.what,
        where: error.where ?? undefined,
        why: other ?? error.why ?? undefined,
        fix: other === undefined ? error.fix : "Start this project's own server (heddle dev), or set HEDDLE_SERVER to its address.",
      });
    }
    throw new HeddleError('HDL-NOT-A-SERVER', {
      what: `${url} answered ${response.status} with ${text === '' ? 'nothing' : `"${text.slice(0, 80).replaceAll(/\s+/g, ' ')}"`}.`,
      where: `${method} ${path}`,
    });
  };
}

/** The usual reason for an unknown token on one's own machine: another project's server has the port. */
async function otherProject({ server, project }: ResolvedConfig): Promise<string | undefined> {
  try {
    const health = (await (await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(2_000) })).json()) as { project?: string }; // of our own API
    return health.project === undefined || health.project === project
      ? undefined
      : `The server at ${server.url} serves project "${health.project}", and this is "${project}".`;
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** fetch says 'fetch failed' and hides why. */
function reasonOf(error: unknown, timeoutMs: number): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host is not known';
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  return cause instanceof Error ? cause.message || (code ?? 'the connection broke') : error instanceof Error ? error.message : String(error);
}

/** Of a certificate that this machine does not trust, and of the wrong one of http and https; undefined: the general advice. */
function fixOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code)) return 'Set NODE_EXTRA_CA_CERTS to a PEM file with the authority of its certificate.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'Set server.url (HEDDLE_SERVER) to a name that stands in its certificate.';
  if (code === 'CERT_HAS_EXPIRED') return 'Put a new certificate where server.tls.cert names it, and restart the server.';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'It seems to speak no TLS: begin its address (HEDDLE_SERVER) with http://.';
  if (code === 'UND_ERR_SOCKET' || code === 'HPE_INVALID_CONSTANT') return 'If it speaks TLS, begin its address (HEDDLE_SERVER) with https://.';
  return undefined;
}
