/**
 * One HTTP exchange with a NameNode, a DataNode or a gateway, on node:http with keep-alive agents: time-outs, cancellation,
 * bodies that flow with bounded memory. Why not undici: docs/decisions/05-webhdfs.md. For the files beside it.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';

export interface Exchange {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers?: OutgoingHttpHeaders;
  /** Parts of a body, and its length where it is known. Asked for only when the server wants it. */
  readonly body?: { readonly parts: () => AsyncIterable<Uint8Array>; readonly bytes: number | null };
  readonly signal?: AbortSignal | undefined;
}
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read to its end, or destroyed. */
  readonly body: IncomingMessage;
}

/** No answer, or a broken one. `sent` false: the server cannot have acted. */
export class TransportError extends Error {
  readonly code: string;
  readonly sent: boolean;
  constructor(message: string, code: string, sent: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.code = code;
    this.sent = sent;
  }
}

export interface TransportOptions {
  /** PEM. */
  readonly ca: Buffer | null;
  readonly connectMs: number;
  readonly idleMs: number;
}

/** A server that says nothing about a body is sent it after this time, as curl does. */
const CONTINUE_MS = 1000;

export class HttpTransport {
  private readonly plain = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 16 });
  private readonly secure: TlsAgent;
  private readonly options: TransportOptions;
  constructor(options: TransportOptions) {
    this.options = options;
    this.secure = new TlsAgent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 16, ...(options.ca && { ca: options.ca }) });
  }

  /** The answer's head; a server that answers before the whole body was sent is listened to. Throws TransportError, or the signal's reason. */
  async send({ method, url, headers, body, signal }: Exchange): Promise<Answer> {
    signal?.throwIfAborted();
    const tls = url.protocol === 'https:';
    const request = (tls ? httpsRequest : httpRequest)(url, {
      method,
      agent: tls ? this.secure : this.plain,
      headers: { ...headers, ...(body && { expect: '100-continue', ...(body.bytes !== null && { 'content-length': body.bytes }) }) },
    });
    let connected = false;
    const fail = (why: string, code: string): void => void request.destroy(Object.assign(new Error(why), { code }));
    const abort = (): void => void request.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    const connecting = setTimeout(() => {
      if (!connected) fail(`no connection within ${this.options.connectMs} ms`, 'ETIMEDOUT');
    }, this.options.connectMs);
    request.once('socket', (socket) => {
      const open = (): void => {
        connected = true;
        clearTimeout(connecting);
      };
      if (!socket.connecting) open();
      else socket.once(tls ? 'secureConnect' : 'connect', open);
    });
    request.setTimeout(this.options.idleMs, () => {
      fail(`nothing came for ${this.options.idleMs} ms`, 'ETIMEDOUT');
    });
    request.once('close', () => {
      clearTimeout(connecting);
      signal?.removeEventListener('abort', abort);
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
      request.once('close', () => {
        reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
      });
    });
    answered.catch(() => undefined); // awaited below; a failure while the body is read is not unhandled
    request.on('error', () => undefined); // a break after the answer is told by the answer's own stream
    try {
      if (body) await sendBody(request, answered, body.parts);
      else request.end();
      const response = await answered;
      return { status: response.statusCode ?? 0, headers: response.headers, body: response };
    } catch (error) {
      request.destroy();
      if (signal?.aborted) throw signal.reason;
      if (error instanceof SourceError) throw error.cause;
      const { message, code } = error as NodeJS.ErrnoException; // node:http rejects with those
      throw new TransportError(`${url.host}: ${message}`, code ?? 'ECONNRESET', connected, error);
    }
  }
}

/** What the caller's own stream threw: not the connection's fault. */
class SourceError extends Error {}

/** Ends early when the answer is there: it is an error then, and nobody wants the rest. */
async function sendBody(request: ClientRequest, answered: Promise<IncomingMessage>, parts: () => AsyncIterable<Uint8Array>): Promise<void> {
  let done = false;
  const answer = answered.then(() => {
    done = true;
  });
  answer.catch(() => undefined); // send() awaits it too
  let late: NodeJS.Timeout | undefined;
  const wanted = new Promise<void>((resolve) => {
    request.once('continue', resolve);
    request.once('socket', (socket) => {
      const wait = (): void => void (late = setTimeout(resolve, CONTINUE_MS));
      if (socket.connecting) socket.once('connect', wait);
      else wait();
    });
  });
  request.flushHeaders();
  await Promise.race([wanted, answer]);
  clearTimeout(late);
  if (done) return;
  const source = parts()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await source.next().catch((error: unknown) => {
        throw new SourceError('the source failed', { cause: error });
      });
      if (done) return;
      if (next.done) break;
      if (next.value.byteLength > 0 && !request.write(next.value)) await Promise.race([new Promise((resolve) => request.once('drain', resolve)), answer]);
    }
  } finally {
    await source.return?.(); // a source that was not read to its end closes what it holds
  }
  request.end();
}
