/** A worker's connection to Temporal. */
import { readFileSync } from 'node:fs';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';

/** Throws HDL-TEMPORAL-UNREACHABLE. */
export async function connectWorker({ address, tls, apiKey }: ResolvedConfig['temporal']): Promise<NativeConnection> {
  quietRuntime();
  try {
    return await NativeConnection.connect({
      address,
      ...(apiKey !== null && { apiKey }),
      ...(tls && {
        tls: {
          ...(tls.ca !== undefined && { serverRootCACertificate: readFileSync(tls.ca) }),
          ...(tls.serverName !== undefined && { serverNameOverride: tls.serverName }),
          ...(tls.cert !== undefined && tls.key !== undefined && { clientCertPair: { crt: readFileSync(tls.cert), key: readFileSync(tls.key) } }),
        },
      }),
    });
  } catch (error) {
    throw new HeddleError('HDL-TEMPORAL-UNREACHABLE', {
      what: `Temporal at ${address} does not answer: ${error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)}.`,
      where: 'temporal.address',
      cause: error,
    });
  }
}

/** The SDK's runtime is one a process: whoever comes first makes it. A worker drains by its own signal handler. */
function quietRuntime(): void {
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] }); // failed steps have logs of their own
  } catch {
    // made before: by the server in this process, or by an earlier worker
  }
}
