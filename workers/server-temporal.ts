/** The server's connections to Temporal: one for its client, one for its worker. Server only. */
import { connect } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { registerSearchAttributes } from '../api/runs/search-attributes.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { temporalTls } from './tls-files.ts';

export interface TemporalConnections {
  readonly client: Client;
  readonly native: NativeConnection;
  close(): Promise<void>;
}

/** Connects, and registers the search attributes that are missing. Throws HDL-TEMPORAL-UNREACHABLE, HDL-TLS-FILE. */
export async function connectTemporal(temporal: ResolvedConfig['temporal']): Promise<TemporalConnections> {
  const options = {
    address: temporal.address,
    ...(temporal.tls && { tls: temporalTls(temporal.tls) }),
    ...(temporal.apiKey !== null && { apiKey: temporal.apiKey }),
  };
  let connection: Connection | undefined;
  try {
    await knock(temporal.address);
    connection = await Connection.connect({ ...options, connectTimeout: 20_000 });
    const opened = connection;
    await opened.withDeadline(Date.now() + 20_000, async () => {
      await opened.workflowService.describeNamespace({ namespace: temporal.namespace });
      await registerSearchAttributes(opened, temporal.namespace);
    });
    const native = await NativeConnection.connect(options);
    return {
      client: new Client({ connection: opened, namespace: temporal.namespace }),
      native,
      async close() {
        await native.close();
        await opened.close();
      },
    };
  } catch (error) {
    await connection?.close();
    const text = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new HeddleError('HDL-TEMPORAL-UNREACHABLE', {
      what: `Temporal at ${temporal.address} does not answer (namespace ${temporal.namespace}): ${text}.`,
      where: 'temporal.address',
      cause: error,
    });
  }
}

/** A refused connection is known at once; the SDK would try for as long as a slow one may take. */
function knock(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 7233), timeout: 10_000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => {
      socket.destroy();
      reject(new Error('no answer within 10 s'));
    });
    socket.once('error', reject);
  });
}
