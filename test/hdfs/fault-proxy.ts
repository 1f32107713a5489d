/** An HTTP proxy in front of a real NameNode or DataNode that does, when told, what networks and servers do at their worst. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault =
  /** This answer instead of the server's. */
  | { readonly kind: 'answer'; readonly status: number }
  /** The body's first bytes, then the connection breaks. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The body's first bytes, then nothing more. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Half of what is sent comes to the server, then something happens, then the rest. */
  | { readonly kind: 'hold'; readonly until: () => Promise<void> }
  /** The server does it, something happens, and its answer never comes. */
  | { readonly kind: 'lose'; readonly meanwhile?: () => Promise<void> };

export interface FaultProxy {
  /** host:port */
  readonly host: string;
  /** Requests that came, as 'PUT RENAME'. */
  readonly seen: string[];
  /** Asked for every request; null: nothing happens to it. */
  fault: (operation: string) => Fault | null;
  stop(): Promise<void>;
}

/** `target`: host:port, or what gives it for each request. */
export async function startFaultProxy(target: string | (() => string)): Promise<FaultProxy> {
  const proxy: { fault: FaultProxy['fault']; readonly seen: string[] } = { fault: () => null, seen: [] };
  const handle = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const operation = `${incoming.method} ${/[?&]op=(\w+)/i.exec(incoming.url ?? '')?.[1] ?? ''}`;
    proxy.seen.push(operation);
    const fault = proxy.fault(operation);
    if (fault?.kind === 'answer') {
      answer.writeHead(fault.status, { 'content-type': 'text/html', connection: 'close' });
      answer.end('<html>busy</html>');
      return;
    }
    if (incoming.headers.expect !== undefined) answer.writeContinue();
    const headers = { ...incoming.headers };
    delete headers.expect;
    const there = request(`http://${typeof target === 'string' ? target : target()}${incoming.url}`, { method: incoming.method, headers, agent: false });
    there.on('error', () => answer.destroy());
    if (fault?.kind === 'hold') {
      let held = false;
      incoming.on('data', (part: Buffer) => {
        there.write(part);
        if (held) return;
        held = true;
        incoming.pause();
        void fault.until().finally(() => incoming.resume());
      });
      incoming.on('end', () => there.end());
    } else incoming.pipe(there);
    there.on('response', (response) => {
      if (fault?.kind === 'lose') {
        response.resume();
        void (fault.meanwhile?.() ?? Promise.resolve()).finally(() => answer.destroy());
        return;
      }
      answer.writeHead(response.statusCode ?? 500, response.headers);
      let left = fault && 'after' in fault ? fault.after : Infinity;
      response.on('data', (part: Buffer) => {
        if (left <= 0) return;
        const piece = part.subarray(0, left);
        left -= piece.length;
        const flowing = answer.write(piece, () => {
          if (left <= 0 && fault?.kind === 'cut') answer.destroy();
        });
        if (left <= 0) response.destroy();
        else if (!flowing) {
          response.pause();
          answer.once('drain', () => response.resume());
        }
      });
      response.on('end', () => answer.end());
    });
  };
  const server = createServer(handle);
  server.on('checkContinue', handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** The fault for the first so many requests of an operation. */
export function times(count: number, operation: string, fault: Fault): FaultProxy['fault'] {
  let left = count;
  return (seen) => (seen === operation && left-- > 0 ? fault : null);
}
