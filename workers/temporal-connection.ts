/** A worker's connection to Temporal. */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { temporalTls } from './tls-files.ts';

/** Throws HDL-TEMPORAL-UNREACHABLE, HDL-TLS-FILE. */
export async function connectWorker({ address, tls, apiKey }: ResolvedConfig['temporal']): Promise<NativeConnection> {
  quietRuntime();
  const secure = tls && { tls: temporalTls(tls) };
  try {
    return await NativeConnection.connect({ address, ...(apiKey !== null && { apiKey }), ...secure });
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
