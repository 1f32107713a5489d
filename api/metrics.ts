/** Prometheus figures of the server, of their own registry (two servers in one test process do not share them). Server only. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StepRecord } from '../dsl/contract/run.ts';

const seconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400];

export interface Metrics {
  readonly registry: Registry;
  /** Runs by status; set before each scrape. */
  readonly runs: Gauge<'status'>;
  /** Asked for to workflow started. */
  readonly scheduleDelay: Histogram;
  readonly queueTime: Histogram<'pipeline'>;
  readonly runTime: Histogram<'pipeline'>;
  readonly steps: Counter<'pipeline' | 'status'>;
  readonly retries: Counter<'pipeline' | 'class'>;
  readonly requests: Histogram<'method' | 'status'>;
  /** Figures of the Temporal SDK in this process (time per workflow task among them), as text; '' where there are none. */
  readonly sdk: () => Promise<string>;
}

export function createMetrics(sdk: Metrics['sdk'] = async () => ''): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    runs: new Gauge({ name: 'heddle_runs', help: 'Runs by status', labelNames: ['status'], registers }),
    scheduleDelay: new Histogram({
      name: 'heddle_schedule_delay_seconds',
      help: 'From asking for a run to its workflow being started',
      buckets: seconds,
      registers,
    }),
    queueTime: new Histogram({ name: 'heddle_step_queue_seconds', help: 'Time of a step in the queue', labelNames: ['pipeline'], buckets: seconds, registers }),
    runTime: new Histogram({ name: 'heddle_step_run_seconds', help: 'Time of a step on a worker', labelNames: ['pipeline'], buckets: seconds, registers }),
    steps: new Counter({ name: 'heddle_steps_total', help: 'Steps by their end', labelNames: ['pipeline', 'status'], registers }),
    retries: new Counter({
      name: 'heddle_step_retries_total',
      help: 'Failed attempts that were followed by another, by failure class where it is known',
      labelNames: ['pipeline', 'class'],
      registers,
    }),
    requests: new Histogram({ name: 'heddle_http_request_seconds', help: 'HTTP requests', labelNames: ['method', 'status'], buckets: seconds, registers }),
    sdk,
  };
}

/** Counts what a recorded step tells. */
export function countStep(metrics: Metrics, pipeline: string, step: StepRecord): void {
  metrics.steps.inc({ pipeline, status: step.status });
  if (step.queuedAt !== null && step.startedAt !== null) metrics.queueTime.observe({ pipeline }, Math.max(0, step.startedAt - step.queuedAt) / 1000);
  if (step.runMs !== null) metrics.runTime.observe({ pipeline }, step.runMs / 1000);
  if (step.attempts > 1) metrics.retries.inc({ pipeline, class: step.failure?.class ?? 'unknown' }, step.attempts - 1);
}
