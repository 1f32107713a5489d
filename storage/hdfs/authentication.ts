/**
 * Who asks: user.name and doas, a delegation token of a file, or SPNEGO by the optional package `kerberos`, whose cookie is
 * used again. For the files beside it.
 */
import { readFileSync, statSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { userInfo } from 'node:os';
import type { HdfsConfig } from '../../dsl/config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Answer } from './http-transport.ts';
import { readTokenFile } from './token-file.ts';

/** The part of the package `kerberos` that is used. */
export interface Kerberos {
  initializeClient(service: string, options?: object): Promise<{ step(challenge: string): Promise<string> }>;
}

export class Authentication {
  private readonly config: Pick<HdfsConfig, 'user' | 'doas' | 'tokenFile' | 'auth'>;
  private readonly loadKerberos: () => Promise<Kerberos>;
  /** host -> 'hadoop.auth=...'. */
  private readonly cookies = new Map<string, string>();
  private token: { readonly mtimeMs: number; readonly text: string } | null = null;

  constructor(config: Pick<HdfsConfig, 'user' | 'doas' | 'tokenFile' | 'auth'>, loadKerberos: () => Promise<Kerberos> = importKerberos) {
    this.config = config;
    this.loadKerberos = loadKerberos;
  }

  /** For a NameNode's query; a redirect has it in its address. Throws HDL-HDFS-AUTH for a token file that cannot be read. */
  parameters(): Readonly<Record<string, string | undefined>> {
    const { user, doas, tokenFile, auth } = this.config;
    if (tokenFile !== undefined) return { delegation: this.tokenOf(tokenFile) };
    return { ...(auth !== 'kerberos' && { 'user.name': user ?? process.env['HADOOP_USER_NAME'] ?? accountName() }), doas };
  }

  /** The cookie of a host that knows us already. */
  headers(host: string): OutgoingHttpHeaders {
    const cookie = this.cookies.get(host);
    return cookie === undefined ? {} : { cookie };
  }

  learn({ headers }: Answer, host: string): void {
    for (const cookie of headers['set-cookie'] ?? []) {
      const [pair] = cookie.split(';');
      if (pair?.startsWith('hadoop.auth=') && pair.length > 'hadoop.auth='.length) this.cookies.set(host, pair);
    }
  }

  /** What to answer to a 401 that asks to negotiate; null where this client has nothing to say to it. */
  async negotiate({ headers }: Answer, host: string): Promise<OutgoingHttpHeaders | null> {
    const challenge = /^negotiate\b\s*(\S*)/i.exec(headers['www-authenticate'] ?? '');
    if (!challenge || this.config.auth !== 'kerberos' || this.config.tokenFile !== undefined) return null;
    this.cookies.delete(host);
    const kerberos = await this.loadKerberos();
    try {
      const client = await kerberos.initializeClient(`HTTP@${host.replace(/:\d+$/, '')}`, {});
      return { authorization: `Negotiate ${await client.step(challenge[1] ?? '')}` };
    } catch (error) {
      throw new HeddleError('HDL-HDFS-AUTH', {
        what: `Kerberos gave no ticket for HTTP@${host}: ${error instanceof Error ? error.message : String(error)}.`,
        fix: 'Look at klist; renew the ticket with kinit.',
        cause: error,
      });
    }
  }

  /** Read anew when the file has changed: somebody renews it. */
  private tokenOf(file: string): string {
    try {
      const { mtimeMs } = statSync(file);
      if (this.token?.mtimeMs !== mtimeMs) this.token = { mtimeMs, text: readTokenFile(readFileSync(file)) };
      return this.token.text;
    } catch (error) {
      throw new HeddleError('HDL-HDFS-AUTH', {
        what: `The token file ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
        where: 'hdfs tokenFile',
        fix: 'Fetch a delegation token into it, as docs/operating-hdfs.md shows.',
        cause: error,
      });
    }
  }
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'heddle'; // an account without a name, as containers have them
  }
}

async function importKerberos(): Promise<Kerberos> {
  const name = 'kerberos'; // not installed with Heddle: no compiler or bundler shall look for it
  try {
    const loaded = (await import(name)) as Kerberos & { default?: Kerberos };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new HeddleError('HDL-HDFS-NO-KERBEROS', { what: 'HDFS asks for Kerberos, and the package `kerberos` is not installed.', cause: error });
  }
}
