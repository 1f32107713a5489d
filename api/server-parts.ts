/** What the API and the control plane work with, made once by workers/server.ts. Server only. */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Store } from '../storage/store.ts';
import type { Metrics } from './metrics.ts';
import type { Notifier } from './notify/webhook.ts';

export interface ServerParts {
  readonly config: ResolvedConfig;
  readonly catalog: Catalog;
  readonly store: Store;
  readonly temporal: Client;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly notify: Notifier;
}
