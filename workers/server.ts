/**
 * `heddle server`: HTTP API, control activities, workflow worker, reconciler and watch loop in one process. It never runs
 * authors' code. Used by the command line, `heddle dev` and tests.
 */
import { totalmem } from 'node:os';
import { Worker } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { createApp } from '../api/app.ts';
import { checkListener, isLoopback } from '../api/auth/listener.ts';
import { localToken } from '../api/auth/token-file.ts';
import { createMetrics } from '../api/metrics.ts';
import { createNotifier, createSender } from '../api/notify/webhook.ts';
import type { ServerParts } from '../api/server-parts.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { controlQueueOf } from '../dsl/contract/step.ts';
import { openProjectStore } from '../storage/open-file-systems.ts';
import { controlActivities } from './control-activities.ts';
import { backfillActivities } from './control-backfill.ts';
import { startBackfills } from './server-backfills.ts';
import { startChores } from './server-chores.ts';
import { listen } from './server-http.ts';
import { installRuntime } from './server-runtime.ts';
import { startLineage } from './server-lineage.ts';
import { startPruning } from './server-pruning.ts';
import { startReconciler } from './server-reconciler.ts';
import { startSchedules } from './server-schedules.ts';
import { flushTraces } from './server-traces.ts';
import { connectTemporal } from './server-temporal.ts';
import { startTracking } from './server-tracking.ts';
import { startWatches } from './server-watches.ts';
import { stopInOrder, type Part } from './stop-in-order.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface ServerOptions {
  readonly config: ResolvedConfig;
  /** Another entry of the workflow bundle: tests only. */
  readonly workflows?: string;
  readonly log?: Logger;
  /** Most runs kept in memory; default by the machine's memory. */
  readonly maxCachedWorkflows?: number;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly parts: ServerParts;
  /** Resolves when the workflow worker has ended; rejects when it broke. */
  readonly ended: Promise<void>;
  /** Stops all in order: listener, loops, worker, connections, catalog. */
  close(): Promise<void>;
}

/** Throws HDL-INSECURE-LISTENER, HDL-CATALOG-*, HDL-TEMPORAL-UNREACHABLE, HDL-PORT-TAKEN; then nothing is left running. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config } = options;
  checkListener(config.server);
  const send = createSender(config.notify);
  const log = options.log ?? pino({ name: 'heddle-server', level: process.env['HEDDLE_LOG_LEVEL'] ?? 'info' }, pino.destination({ dest: 2, sync: true }));
  const begun: Part[] = [];
  const undo = (name: string, withinMs: number, stop: () => Promise<void>): void => {
    begun.push({ name, withinMs, stop });
  };
  const close = (): Promise<void> => stopInOrder(begun.splice(0), log);
  try {
    undo('traces', 1_000, flushTraces);
    const catalog = await openCatalog(config.catalog);
    undo('catalog', 1_000, () => catalog.close());
    const sdkMetrics = await installRuntime(log);
    const temporal = await connectTemporal(config.temporal);
    undo('temporal', 1_000, () => temporal.close());
    const parts: ServerParts = {
      config,
      catalog,
      store: openProjectStore(config),
      temporal: temporal.client,
      log,
      metrics: createMetrics(sdkMetrics),
      notify: createNotifier(config.notify, config.project),
    };
    const tokens = isLoopback(config.server.host) ? [...config.server.tokens, localToken(config.server.tokenFile)] : config.server.tokens;
    if (tokens.length === 0) log.warn({ code: 'HDL-NO-TOKEN' }, 'there are no tokens, so nobody can use this server: set server.tokens in heddle.config.ts');
    const listener = await listen(createApp(parts, tokens), config.server);
    undo('listener', 1_500, () => listener.close());
    const worker = await Worker.create({
      connection: temporal.native,
      namespace: config.temporal.namespace,
      taskQueue: controlQueueOf(config.project),
      workflowBundle: await workflowBundle(options.workflows),
      activities: { ...controlActivities(parts), ...backfillActivities(parts) },
      maxConcurrentWorkflowTaskExecutions: 40,
      maxConcurrentActivityTaskExecutions: 100,
      maxCachedWorkflows: options.maxCachedWorkflows ?? cachedWorkflows(),
      reuseV8Context: true,
      shutdownGraceTime: '2s',
      shutdownForceTime: '6s',
    });
    const ended = worker.run();
    ended.catch((error: unknown) => log.error({ err: error }, 'the workflow worker broke'));
    undo('workflow worker', WORKER_STOP_MS, async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended.catch(() => undefined);
    });
    const loops = [
      startReconciler(parts),
      startBackfills(parts),
      startSchedules(parts),
      startWatches(parts),
      startChores(parts, send),
      startPruning(parts),
      startLineage(parts),
      startTracking(parts),
    ];
    undo('loops', LOOPS_STOP_MS, async () => {
      await Promise.all(loops.map((loop) => loop?.stop()));
    });
    log.info({ url: listener.url, project: config.project, temporal: config.temporal.address }, 'the server is ready');
    return { url: listener.url, port: listener.port, parts, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All parts together stop within 15 s, also when Temporal is gone: whoever sent the signal sends the next one then. */
const LOOPS_STOP_MS = 2_500;
const WORKER_STOP_MS = 7_500;

/** A cached run of 100 steps takes about 650 KiB of resident memory (bench/results/README.md); at most an eighth of the machine's. */
const cachedWorkflows = (): number => Math.max(200, Math.min(1_500, Math.floor(totalmem() / 8 / (650 * 1024))));
