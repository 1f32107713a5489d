/**
 * The SDK's runtime, one a process: warnings and errors only in the log, its figures on a loopback port of their own that
 * the server's /metrics passes on. Server only.
 */
import { createServer } from 'node:net';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

let made: Promise<() => Promise<string>> | undefined;

/** Gives a function that reads the SDK's figures as Prometheus text. */
export const installRuntime = (log: Logger): Promise<() => Promise<string>> => (made ??= install(log));

async function install(log: Logger): Promise<() => Promise<string>> {
  const address = `127.0.0.1:${await freePort()}`;
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) =>
    log[level === 'ERROR' ? 'error' : 'warn'](
      { sdk: meta?.['workflowId'] ?? meta?.['sdkComponent'], error: meta?.['error'] === undefined ? undefined : String(meta['error']) },
      message,
    ),
  );
  try {
    Runtime.install({
      logger,
      shutdownSignals: [],
      telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} }, metrics: { prometheus: { bindAddress: address } } },
    });
  } catch {
    return async () => ''; // made before, by a worker in this process
  }
  return async () => {
    try {
      return await (await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
    } catch {
      return '';
    }
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }; // a listening TCP server has one
      server.close(() => resolve(port));
    });
  });
