/**
 * The HTTP API with a real catalog and store on a free port, for the registry's tests and for bin/heddle.mjs. Temporal is a
 * fake that notes what was started and cancelled: what is tested here ends before it.
 */
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { createApp } from '../../api/app.ts';
import { tokenHash } from '../../api/auth/tokens.ts';
import { createMetrics } from '../../api/metrics.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { openStore } from '../../storage/store.ts';
import { listen } from '../../workers/server-http.ts';
import { heddleAsync, type Ended } from '../cli/heddle.ts';
import { client, testConfig, type Client as ApiClient } from '../server/test-server.ts';

export interface RegistryServer {
  readonly parts: ServerParts;
  readonly url: string;
  /** As ann. */
  readonly api: ApiClient;
  /** Workflow types that were started, and workflow ids that were cancelled. */
  readonly started: string[];
  readonly cancelled: string[];
  /** bin/heddle.mjs as ann, an operator. */
  heddle(...args: string[]): Promise<Ended>;
  stop(): Promise<void>;
}

export async function startRegistryServer(over: Partial<ResolvedConfig> = {}): Promise<RegistryServer> {
  const state = testConfig('127.0.0.1:1', over);
  const { config } = state;
  const started: string[] = [];
  const cancelled: string[] = [];
  const temporal = {
    withDeadline: (_at: number, work: () => unknown) => work(),
    workflow: {
      start: async (type: string) => void started.push(type),
      getHandle: (id: string) => ({ cancel: async () => void cancelled.push(id) }),
    },
  } as unknown as Client; // the calls that these tests reach
  const catalog = await openCatalog(config.catalog);
  const parts: ServerParts = {
    config,
    catalog,
    store: openStore({ root: config.storageRoot, project: config.project }),
    temporal,
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    notify: async () => undefined,
  };
  const token = (name: string, ...roles: string[]) => ({ name, roles, sha256: tokenHash(`${name}-token`) });
  const listener = await listen(createApp(parts, [token('ann', 'operator'), token('looker', 'viewer')]), config.server);
  return {
    parts,
    url: listener.url,
    api: client(listener.url, config, 'ann-token'),
    started,
    cancelled,
    heddle: (...args) => heddleAsync(args, { env: { HEDDLE_SERVER: listener.url, HEDDLE_TOKEN: 'ann-token' } }),
    async stop() {
      await listener.close();
      await catalog.close();
      state.remove();
    },
  };
}
