/** Prometheus metrics of a worker: run time, queue time, failed attempts by class; and a small listener for them on the loopback. */
import { createServer } from 'node:http';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1_800, 7_200];

export interface WorkerMetrics {
  readonly registry: Registry;
  /** Attempt's time on the worker. */
  readonly runSeconds: Histogram<'task' | 'status'>;
  /** From scheduled to started, of one attempt. */
  readonly queueSeconds: Histogram<'class'>;
  readonly failures: Counter<'class' | 'task'>;
  readonly running: Gauge<'class'>;
}

export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    runSeconds: new Histogram({ name: 'heddle_step_run_seconds', help: 'Run time of attempts', labelNames: ['task', 'status'], buckets: SECONDS, registers }),
    queueSeconds: new Histogram({
      name: 'heddle_step_queue_seconds',
      help: 'Time that attempts waited in their queue',
      labelNames: ['class'],
      buckets: SECONDS,
      registers,
    }),
    failures: new Counter({ name: 'heddle_step_failures_total', help: 'Failed attempts by failure class', labelNames: ['class', 'task'], registers }),
    running: new Gauge({ name: 'heddle_steps_running', help: 'Steps that run now', labelNames: ['class'], registers }),
  };
}

/** Port 0: any. Gives the port and what stops it. */
export async function listenMetrics(metrics: WorkerMetrics, port: number): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void metrics.registry.metrics().then((text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
