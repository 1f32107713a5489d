/**
 * The HTTP API's bodies, as the command line and the web page see them. Base path /api/v1, bearer token. Every error answer
 * is { error: ErrorJson } with the status of its code. Pure types.
 *
 * POST /plans                     { plan: Plan, hash }                 -> { hash }            operator; 400 HDL-PLAN-HASH
 * POST /runs                      StartRun                             -> RunSummary          operator
 * GET  /runs?pipeline&status&partition&limit&cursor                    -> Page<RunSummary>    viewer
 * GET  /runs/:id                                                       -> RunDetail
 * GET  /runs/:id/steps?cursor&limit                                    -> Page<StepRecord>
 * GET  /runs/:id/wait?timeoutMs                                        -> RunSummary (when it ended, or after the time)
 * GET  /runs/:id/explain?step                                          -> Explanation
 * GET  /runs/:id/logs?step&retry&attempt&after                         -> Page<LogLine>  (cursor = byte offset per file)
 * GET  /runs/:id/attempts?step                                         -> { items: AttemptRecord[] }
 * GET  /runs/:id/plan                                                  -> Plan
 * POST /runs/:id/cancel           { reason?, force? }                  -> RunSummary          operator
 * POST /runs/:id/pause | /resume  { repin?: planHash }                 -> RunSummary
 * POST /runs/:id/retry            { planHash? }                        -> RunSummary
 * POST /runs/:id/answer           { step, approved, note? }            -> RunSummary          (role in the gate's `from`, or admin)
 * POST /runs/:id/events           { event, payload }                   -> RunSummary
 * GET  /approvals                                                      -> Page<OpenGate>
 * GET  /models, /models/:name                                          -> ...
 * POST /workers                   WorkerHello (every 10 s)             -> { ok: true }        role worker
 * GET  /workers                                                        -> { workers: WorkerHello[] }
 * POST /events                    { events: StepEvent[] }              -> { ok: true }        role worker, best effort
 * POST /partitions/:dataset/rollback { partition, to?, note? }       -> PartitionRollback  operator
 * POST /gc                        { dryRun }                           -> GcReport            admin
 * POST /catalog/rebuild           {}                                   -> { runs, models }    admin
 * GET  /doctor                                                         -> { checks: DoctorCheck[] }
 * GET  /health (no token)  /metrics  /openapi.json
 */
import type { Json, JsonObject } from '../plan/types.ts';
import type { RunStatus, StepRecord, StepStatus } from './run.ts';

export interface StartRun {
  readonly pipeline: string;
  readonly planHash: string;
  readonly params: Json;
  /** { day: '2001-03-01' }, or null. */
  readonly partition: JsonObject | null;
  readonly key?: string;
  /** false: no step takes the result of another run. */
  readonly cache?: boolean;
  /** Part of the pipeline. */
  readonly part?: RunPart;
}
export interface RunPart {
  /** This step and what follows from it run; the others take over what `reuse` made. */
  readonly from?: string;
  /** Only this step and what it needs. */
  readonly to?: string;
  /** A run of the same pipeline and partition. */
  readonly reuse?: string;
}
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
export interface RunSummary {
  readonly runId: string;
  readonly project: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly planHash: string;
  readonly status: RunStatus;
  readonly startedBy: string;
  /** ms since the epoch. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly workflowId: string;
  readonly parent: { readonly runId: string; readonly step: string } | null;
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  /** First failure, one line. */
  readonly failure: string | null;
  /** True when this call found a run with the same key. */
  readonly existed?: boolean;
}
export interface RunDetail extends RunSummary {
  readonly params: Json;
  readonly output: Json;
  readonly failures: readonly { readonly step: string; readonly class: string; readonly code: string; readonly message: string }[];
  readonly steps: readonly StepRecord[];
  readonly next: string | null;
}
export interface Explanation {
  readonly step: string;
  readonly status: StepStatus;
  readonly because: readonly string[];
  readonly place: string | null;
}
export interface LogLine {
  readonly at: number;
  readonly step: string;
  /** Of the run; left out in its first try. */
  readonly retry?: number;
  readonly attempt: number;
  readonly level: string;
  readonly text: string;
  readonly fields?: JsonObject;
}
export interface OpenGate {
  readonly runId: string;
  readonly pipeline: string;
  readonly partition: string | null;
  readonly step: string;
  readonly ask: string;
  readonly show: Json;
  readonly from: readonly string[];
  readonly since: number;
  readonly deadline: number;
}
export interface WorkerHello {
  readonly worker: string;
  readonly pid: number;
  readonly host: string;
  readonly pool: string;
  readonly classes: Readonly<Record<string, number>>;
  readonly tasks: readonly string[];
  readonly startedAt: number;
  readonly draining: boolean;
}
/** One attempt of a step. */
export interface AttemptRecord {
  readonly step: string;
  /** 0: the first try of the run. */
  readonly retry: number;
  /** From 1 in each try. */
  readonly attempt: number;
  readonly worker: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly failure: { readonly class: string; readonly code: string; readonly message: string } | null;
  /** True where only a worker's push told of it. */
  readonly observed: boolean;
}
/** Pushed by workers in batches; the live view shows it, nothing depends on it. `retry` is left out in a run's first try. */
export type StepEvent =
  | {
      readonly kind: 'started';
      readonly runId: string;
      readonly step: string;
      readonly retry?: number;
      readonly attempt: number;
      readonly worker: string;
      readonly at: number;
    }
  | {
      readonly kind: 'progress';
      readonly runId: string;
      readonly step: string;
      readonly retry?: number;
      readonly attempt: number;
      readonly done: number;
      readonly total: number | null;
      readonly note: string | null;
      readonly at: number;
    }
  | { readonly kind: 'log'; readonly runId: string; readonly line: LogLine }
  | {
      readonly kind: 'attempt';
      readonly runId: string;
      readonly step: string;
      readonly retry?: number;
      readonly attempt: number;
      readonly worker: string;
      readonly at: number;
      readonly failure: { readonly class: string; readonly code: string; readonly message: string } | null;
    }
  | {
      readonly kind: 'no-task';
      readonly runId: string;
      readonly step: string;
      readonly retry?: number;
      readonly task: string;
      readonly version: string;
      readonly pool: string;
      readonly at: number;
    };
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix: string | null;
}
