/** The server's listener. Server only. */
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import { serve } from '@hono/node-server';
import type { Api } from '../api/endpoint.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { readPem } from './tls-files.ts';

export interface Listener {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on server.host:server.port (0: a free one). Throws HDL-PORT-TAKEN, HDL-TLS-FILE. */
export async function listen(app: Api, server: ResolvedConfig['server']): Promise<Listener> {
  const tls = server.tls && {
    createServer,
    serverOptions: { cert: readPem(server.tls.cert, 'certificate', 'server.tls.cert'), key: readPem(server.tls.key, 'key', 'server.tls.key') },
  };
  let http: Server;
  let port: number;
  try {
    [http, port] = await new Promise<[Server, number]>((resolve, reject) => {
      const made = serve({ fetch: app.fetch, hostname: server.host, port: server.port, ...tls }, (info) => resolve([made, info.port])) as Server; // HTTP/1.1, with TLS or without
      made.once('error', reject);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // what a listener emits
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    throw new HeddleError('HDL-PORT-TAKEN', {
      what: `The server cannot listen on ${server.host}:${server.port}: ${code === 'EADDRINUSE' ? 'another process listens there' : code}.`,
      where: 'server.listen',
      cause: error,
    });
  }
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  return {
    port,
    url: server.port === 0 ? `${server.tls ? 'https' : 'http'}://${host}:${port}` : server.url,
    close: () =>
      new Promise((done) => {
        http.close(() => done());
        http.closeAllConnections(); // long polls of watchers end here; they ask again
      }),
  };
}
