/**
 * WebHDFS operations of one cluster, each carried through failovers (name-nodes.ts). Names are decoded path parts. Throws
 * RemoteError for what HDFS refuses; hdfs-files.ts tells those to people. Protocol: Hadoop's WebHDFS REST API.
 */
import { readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import type { HdfsConfig } from '../../dsl/config.ts';
import { Authentication, type Kerberos } from './authentication.ts';
import { HttpTransport, TransportError, type Answer, type Exchange } from './http-transport.ts';
import { DataNodeTrouble, NameNodes, type Attempts } from './name-nodes.ts';
import { bodyText, isPassing, remoteErrorOf } from './remote-error.ts';
import { query, webPath } from './web-path.ts';

/** FileStatus of WebHDFS, as far as it is used. */
export interface FileStatus {
  /** Name in a listing; '' for the thing itself. */
  readonly pathSuffix: string;
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK';
  readonly length: number;
  readonly modificationTime: number;
  /** Of the inode: a rename keeps it. */
  readonly fileId: number;
}
export interface Operation {
  readonly method: Exchange['method'];
  readonly names: readonly string[];
  readonly op: string;
  readonly parameters?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_MS = 10_000;
const IDLE_MS = 60_000;
const FAILOVER_MS = 120_000;

export class HdfsClient {
  private readonly transport: HttpTransport;
  private readonly authentication: Authentication;
  private readonly hosts: Readonly<Record<string, string>>;
  readonly nameNodes: NameNodes;

  /** Throws the system's error when the file of the CA cannot be read. */
  constructor(config: HdfsConfig, loadKerberos?: () => Promise<Kerberos>) {
    const { timeouts } = config;
    this.transport = new HttpTransport({
      ca: config.tls?.ca === undefined ? null : readFileSync(config.tls.ca),
      connectMs: timeouts?.connectMs ?? CONNECT_MS,
      idleMs: timeouts?.idleMs ?? IDLE_MS,
    });
    this.authentication = new Authentication(config, loadKerberos);
    this.hosts = config.hosts ?? {};
    this.nameNodes = new NameNodes({ bases: config.namenodes.map((base) => base.replace(/\/+$/, '')), failoverMs: timeouts?.failoverMs ?? FAILOVER_MS });
  }

  /** Runs an operation that answers with JSON, or with nothing ({}). */
  call<T>(operation: Operation): Promise<T> {
    return this.nameNodes.run(placeOf(operation), operation.signal, (base, attempts) => this.attempt<T>(base, operation, attempts));
  }

  /** One attempt; a redirect to a DataNode is followed. */
  async attempt<T>(base: string, operation: Operation, attempts: Attempts): Promise<T> {
    let answer = await this.askNameNode(base, operation, attempts);
    const location = locationIn(answer, operation.names);
    if (location !== null) answer = await this.askDataNode({ method: operation.method, url: location, signal: operation.signal });
    if (answer.status !== 200 && answer.status !== 201) throw await remoteErrorOf(answer);
    const text = await this.textOf(answer, base);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  /** The answer of a NameNode, whatever its status; a 401 that asks to negotiate is answered once. */
  async askNameNode(base: string, { method, names, op, parameters, signal }: Operation, attempts: Attempts): Promise<Answer> {
    const excluded = attempts.excluded.size > 0 && /^(OPEN|CREATE|APPEND)$/.test(op) ? hostsOf(attempts.excluded) : undefined;
    const url = new URL(`${base}${webPath(names)}?${query({ op, ...this.authentication.parameters(), ...parameters, excludedatanodes: excluded })}`);
    const send = (more: OutgoingHttpHeaders): Promise<Answer> =>
      this.transport.send({ method, url, signal, headers: { ...CSRF, ...this.authentication.headers(url.host), ...more } });
    let answer = await send({});
    if (answer.status === 401) {
      const headers = await this.authentication.negotiate(answer, url.host);
      if (headers) {
        answer.body.resume();
        answer = await send(headers);
      }
    }
    this.authentication.learn(answer, url.host);
    return answer;
  }

  /** Throws DataNodeTrouble when it does not answer, or is busy or broken: then another one may do. */
  async askDataNode(exchange: Exchange): Promise<Answer> {
    const url = this.mapped(exchange.url);
    const told = exchange.url.host;
    let answer: Answer;
    try {
      answer = await this.transport.send({ ...exchange, url, headers: { ...CSRF, ...exchange.headers } });
    } catch (error) {
      throw error instanceof TransportError ? new DataNodeTrouble(told, error) : error;
    }
    if (answer.status < 500) return answer;
    const error = await remoteErrorOf(answer);
    // a DataNode passes on what its NameNode said; that is for another NameNode
    throw error.exception !== '' && (isPassing(error) || answer.status === 500) ? error : new DataNodeTrouble(told, error);
  }

  /** The address at which a DataNode is reached from here. */
  private mapped(url: URL): URL {
    const there = this.hosts[url.host] ?? this.hosts[url.hostname];
    if (there === undefined) return url;
    const [, scheme, host] = /^(?:(https?):\/\/)?(.*)$/.exec(there) ?? [];
    const mapped = new URL(url);
    if (scheme !== undefined) mapped.protocol = `${scheme}:`;
    mapped.host = host ?? '';
    return mapped;
  }

  private async textOf(answer: Answer, base: string): Promise<string> {
    try {
      return await bodyText(answer);
    } catch (error) {
      throw new TransportError(`${base}: the answer broke off`, 'ECONNRESET', true, error);
    }
  }
}

/** A NameNode takes a port for that of the data protocol, and we know that of HTTP: so hosts alone. */
const hostsOf = (datanodes: Iterable<string>): string => [...new Set(Array.from(datanodes, (host) => host.replace(/:\d+$/, '')))].join(',');

/** Hadoop's guard against forged requests asks for this header, with any value. */
const CSRF: OutgoingHttpHeaders = { 'x-xsrf-header': 'heddle' };

/** Where an answer sends us: 307 with a Location. */
export function locationIn(answer: Answer, names: readonly string[]): URL | null {
  if (answer.status < 300 || answer.status >= 400 || answer.headers.location === undefined) return null;
  answer.body.resume();
  return dataNodeUrl(answer.headers.location, names);
}

/** A redirect with our own spelling of the path: Hadoop composes the letters of names (NFC) in it, which are other names then. */
export function dataNodeUrl(location: string, names: readonly string[]): URL {
  const url = new URL(location);
  const path = webPath(names);
  if (url.pathname.startsWith('/webhdfs/v1/')) url.pathname = path; // a gateway may have paths of its own
  return url;
}

export const placeOf = ({ op, names }: Pick<Operation, 'op' | 'names'>): string => `${op} /${names.join('/')}`;
