/**
 * A fake: a small WebHDFS in memory, for what the real cluster of the tests does not have: HttpFS (one address, `data=true`),
 * TLS, SPNEGO. Files only; enough operations for a write and a read.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface FakeWebHdfs {
  readonly base: string;
  readonly requests: { readonly method: string; readonly op: string; readonly url: URL; readonly headers: IncomingMessage['headers'] }[];
  stop(): Promise<void>;
}
export interface FakeOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Answers a request itself, or says false. */
  readonly before?: (request: IncomingMessage, answer: ServerResponse) => boolean;
}

export async function startFakeWebHdfs({ tls, before }: FakeOptions = {}): Promise<FakeWebHdfs> {
  const files = new Map<string, { readonly bytes: Buffer; readonly fileId: number }>();
  const requests: FakeWebHdfs['requests'] = [];
  let ids = 0;
  let base = '';
  const handle = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', base);
    const op = url.searchParams.get('op') ?? '';
    requests.push({ method: request.method ?? '', op, url, headers: request.headers });
    if (before?.(request, answer)) return;
    const path = decodeURIComponent(url.pathname.slice('/webhdfs/v1'.length));
    const say = (status: number, body: object): void => {
      answer.writeHead(status, { 'content-type': 'application/json' });
      answer.end(JSON.stringify(body));
    };
    const refuse = (status: number, exception: string): void =>
      say(status, { RemoteException: { exception, javaClassName: `java.io.${exception}`, message: path } });
    const file = files.get(path);
    if (op === 'CREATE' && url.searchParams.get('data') !== 'true') {
      answer.writeHead(307, { location: `${url.href}&data=true` });
      answer.end();
    } else if (op === 'CREATE') {
      if (request.headers['content-type'] !== 'application/octet-stream') return refuse(400, 'IllegalArgumentException');
      if (request.headers.expect !== undefined) answer.writeContinue();
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      files.set(path, { bytes: Buffer.concat(parts), fileId: ++ids });
      answer.writeHead(201);
      answer.end();
    } else if (op === 'RENAME') {
      if (!file) return refuse(404, 'FileNotFoundException');
      files.delete(path);
      files.set(url.searchParams.get('destination') ?? '', file);
      answer.end();
    } else if (op === 'LISTSTATUS_BATCH') refuse(400, 'IllegalArgumentException');
    else if (op === 'LISTSTATUS') {
      const names = [...files.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
      say(200, { FileStatuses: { FileStatus: names.map((pathSuffix) => ({ pathSuffix, type: 'FILE', length: 0, modificationTime: 1, fileId: 1 })) } });
    } else if (!file) refuse(404, 'FileNotFoundException');
    else if (op === 'OPEN') {
      const offset = Number(url.searchParams.get('offset') ?? 0);
      answer.end(file.bytes.subarray(offset, offset + Number(url.searchParams.get('length') ?? file.bytes.length)));
    } else say(200, { FileStatus: { pathSuffix: '', type: 'FILE', length: file.bytes.length, modificationTime: 1, fileId: file.fileId } });
  };
  const listener: RequestListener = (request, answer) => void handle(request, answer);
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('checkContinue', listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    base,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
