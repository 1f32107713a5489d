/**
 * A worker: serves one pool's queues, one Temporal worker a class, in this process. Used by worker-process.ts, `heddle dev`
 * and tests.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { configureCaches } from '../activities/cache/configured-caches.ts';
import { sweepGroups } from '../activities/command/process-groups.ts';
import { loadProject, type LoadedProject } from '../compiler/load-project.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { queueOf } from '../dsl/contract/step.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { poolActivities } from './activities.ts';
import { codeDigests } from './code-digests.ts';
import { guardExit, guardUncaught } from './exit-guard.ts';
import { guardOutput } from './output-guard.ts';
import { returnLost } from './return-lost.ts';
import { exporterOf } from './otlp-exporter.ts';
import { EventPush } from './push.ts';
import { RunningSteps } from './running-steps.ts';
import { workerSecrets } from './secrets.ts';
import { LaneGate } from './lane-gate.ts';
import { budgetSlots, fixedSlots, laneClass, lanesOf, limitsOf, sharedBudget } from './slot-supplier.ts';
import { stepStorage } from './step-storage.ts';
import { connectWorker } from './temporal-connection.ts';
import { startWatchdog } from './watchdog.ts';
import { createWorkerMetrics, listenMetrics } from './worker-metrics.ts';
import type { WorkerParts, WorkerStorage } from './worker-parts.ts';

export interface WorkerOptions {
  readonly config: ResolvedConfig;
  readonly pool: string;
  /** Loaded here when it is left out. */
  readonly project?: LoadedProject;
  /** How long running steps may go on after `stop`. Default 60 s. */
  readonly drainMs?: number;
  /** Port of /metrics; 0: any. Default: HEDDLE_WORKER_METRICS_PORT, else none. */
  readonly metricsPort?: number;
  /** This process is the worker's own: it may be ended when a task blocks it, and errors that nobody caught are handled. */
  readonly ownProcess?: boolean;
  /** Tests only: another store. */
  readonly storage?: WorkerStorage;
  readonly log?: (line: Readonly<Record<string, unknown>>) => void;
}

export interface RunningWorker {
  readonly name: string;
  readonly pool: string;
  /** 'name@version'. */
  readonly tasks: readonly string[];
  readonly metricsPort: number | null;
  /** Settles when the worker has ended; rejects when it broke. */
  readonly ended: Promise<void>;
  /** Stops polling, lets running steps end within drainMs, says so to the server. */
  stop(): Promise<void>;
}

/** Throws HDL-UNKNOWN-POOL, HDL-TEMPORAL-UNREACHABLE. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, pool: poolName, drainMs = 60_000 } = options;
  const pool = config.pools[poolName];
  if (!pool) {
    throw new HeddleError('HDL-UNKNOWN-POOL', {
      what: `There is no pool "${poolName}". The project has: ${Object.keys(config.pools).join(', ') || 'none'}.`,
      where: config.file ?? config.folder,
    });
  }
  const log =
    options.log ??
    ((line) => {
      process.stderr.write(`${JSON.stringify({ at: Date.now(), ...line })}\n`);
    });
  const name = process.env['HEDDLE_WORKER_NAME'] ?? `${hostname()}/${poolName}/${process.pid}`;
  const undo: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    configureCaches(config.caches);
    const connection = await connectWorker(config.temporal);
    undo.push(() => connection.close());
    const project = options.project ?? (await loadProject(config));
    for (const problem of project.problems) log({ level: 'warn', text: problem.message, code: problem.code, file: problem.file, line: problem.line });
    const limits = limitsOf(pool);
    const startedAt = Date.now();
    let draining = false;
    const tasks = new Map([...project.tasks].map(([use, { value }]) => [use, value] as const));
    const metrics = createWorkerMetrics();
    const push = new EventPush({
      server: config.server,
      refused: (status) => {
        const code = status === 401 ? 'HDL-NO-TOKEN' : 'HDL-FORBIDDEN';
        const text = `${config.server.url} does not take the token of this worker: steps run, but it shows no progress, logs or worker. Set HEDDLE_TOKEN to a token with the role worker.`;
        log({ level: 'warn', code, text });
      },
      hello: () => ({
        worker: name,
        pid: process.pid,
        host: hostname(),
        pool: poolName,
        classes: Object.fromEntries(Object.entries(limits).map(([klass, { slots }]) => [klass, slots])),
        tasks: [...tasks.keys()].sort(),
        startedAt,
        draining,
      }),
    });
    undo.push(() => push.close());
    const traces = exporterOf(process.env, 'worker');
    undo.push(() => traces?.flush());
    const parts: WorkerParts = {
      config,
      pool: poolName,
      worker: name,
      tasks,
      digests: codeDigests(project.tasks, config.folder),
      storage: options.storage ?? stepStorage(config),
      secrets: workerSecrets(),
      push,
      metrics,
      steps: new RunningSteps(),
      traces,
      budget: sharedBudget(pool),
      gates: new Map(Object.keys(limits).map((klass) => [klass, new LaneGate(lanesOf(pool, klass))])),
    };
    undo.push(guardExit(parts.steps));
    if (options.ownProcess) {
      undo.push(guardOutput(parts.secrets.redactor));
      undo.push(
        guardUncaught(
          parts.steps,
          (text) => {
            log({ level: 'error', text: parts.secrets.redactor.text(text) });
          },
          (error) => {
            log({
              level: 'fatal',
              text: parts.secrets.redactor.text(
                `an exception that belongs to no step: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
              ),
            });
            process.exit(1);
          },
        ),
      );
      const watchdog = startWatchdog(parts.steps, { stateFolder: config.stateFolder, worker: name });
      undo.push(() => watchdog.stop());
    }
    sweepGroups(join(config.stateFolder, 'scratch'));
    await returnLost({ stateFolder: config.stateFolder, files: parts.storage.files, connection, namespace: config.temporal.namespace, log });
    const metricsPort = options.metricsPort ?? portOf(process.env['HEDDLE_WORKER_METRICS_PORT']);
    const metricsListener = metricsPort === null ? null : await listenMetrics(metrics, metricsPort);
    if (metricsListener) undo.push(() => metricsListener.stop());

    const workers = await Promise.all(
      Object.keys(limits).flatMap((klass) =>
        (['live', 'backfill'] as const).map((lane) => {
          const slots = lane === 'live' ? lanesOf(pool, klass).slots : lanesOf(pool, klass).most;
          return Worker.create({
            connection,
            namespace: config.temporal.namespace,
            identity: name,
            taskQueue: queueOf(config.project, poolName, klass, lane),
            activities: poolActivities(parts, klass, lane),
            tuner: {
              workflowTaskSlotSupplier: fixedSlots(1),
              localActivityTaskSlotSupplier: fixedSlots(1),
              nexusTaskSlotSupplier: fixedSlots(1),
              activityTaskSlotSupplier: parts.budget ? budgetSlots(parts.budget, laneClass(klass, lane)) : fixedSlots(slots),
            },
            // a cancel arrives with a heartbeat: as often as the wrapper beats
            maxHeartbeatThrottleInterval: '5s',
            defaultHeartbeatThrottleInterval: '5s',
            shutdownGraceTime: drainMs,
            shutdownForceTime: drainMs + 20_000,
          });
        }),
      ),
    );
    const runs = workers.map((worker) => worker.run());
    const ended = Promise.all(runs).then(() => undefined);
    ended.catch((error: unknown) => {
      log({ level: 'error', text: `the worker broke: ${String(error)}` });
    });
    undo.push(async () => {
      draining = true;
      void push.hello();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(runs);
    });
    void push.hello();
    log({ level: 'info', text: 'the worker is ready', worker: name, pool: poolName, tasks: tasks.size });
    return { name, pool: poolName, tasks: [...tasks.keys()], metricsPort: metricsListener?.port ?? null, ended, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

const portOf = (text: string | undefined): number | null => (text === undefined || text === '' ? null : Number(text));
