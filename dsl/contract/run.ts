/**
 * A run: its workflow's argument, its messages, its states, its record. Shared by interpreter, server and command line.
 * Pure; anybody may import this.
 */
import type { FailureClass, Json, Skeleton } from '../plan/types.ts';
import type { AttemptMeta, StepFailure } from './step.ts';

/** Argument of every interpreter workflow. Workflow type = pipeline name. */
export interface RunInput {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly planHash: string;
  /** Left out for a called pipeline: loaded by control activity. */
  readonly skeleton?: Skeleton;
  /** Defaults applied. */
  readonly params: Json;
  readonly partition: PartitionScope | null;
  readonly parent?: { readonly runId: string; readonly step: string };
  readonly backfill?: string;
  /** Set by heddle.prepare_child: the id that the catalog holds for this run, which the child workflow must take. */
  readonly workflowId?: string;
  /** A retry: outputs of finished steps are loaded from the catalog (heddle.load_done). */
  readonly retryOf?: number;
  /** false: no step takes the result of another run. */
  readonly cache?: false;
  /** Set by continue-as-new only. */
  readonly carry?: Json;
  /** Other bounds than the interpreter's own: for tests. */
  readonly limits?: RunLimits;
}

/** Bounds of one interpreter workflow; each left out has its default. */
export interface RunLimits {
  /** Continue-as-new above these. Default 4,000 events, 2 MiB. */
  readonly historyEvents?: number;
  readonly historyBytes?: number;
  /** Time that running steps get to end after a cancel. Default 60 s. */
  readonly graceMs?: number;
  /** Longest time of an `always` block. Default 10 min. */
  readonly alwaysMs?: number;
  /** Steps in flight at once. Default 100. */
  readonly inFlight?: number;
  /** A run of more steps than this has its long steps in workflows of their own. Default 500. */
  readonly largeRun?: number;
  /** Patience with running steps before continue-as-new; then the run goes on, up to twice its bounds. Default 60 s. */
  readonly drainMs?: number;
  /** Until the first question whether a long step from before is still there; doubled up to an hour. Default 60 s. */
  readonly askMs?: number;
}

/** $partition, computed by the server's calendar. JSON: { key, day, start, end, next, previous }. */
export interface PartitionScope {
  /** Dimensions joined: '2001-03-01' or '2001-03-01|en'. */
  readonly key: string;
  /** One field a dimension, e.g. day: '2001-03-01'; for time dimensions also start, end (UTC instants), next, previous. */
  readonly [field: string]: Json | PartitionScope;
}

/** Workflow id of a run; longer than 200 bytes: cut and hashed by the server (see catalog). */
export const workflowIdOf = (project: string, pipeline: string, partition: string | null, runId: string): string =>
  `${project}:${pipeline}:${partition ?? '-'}:${runId}`;

export type RunStatus = 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
export type StepStatus =
  | 'pending'
  | 'queued'
  | 'running'
  | 'publishing'
  | 'waiting'
  | 'retrying'
  | 'done'
  | 'failed'
  | 'skipped'
  | 'blocked'
  | 'cancelled'
  | 'abandoned';

/** Names of the interpreter's messages. */
export const messages = {
  /** Update: ControlMessage -> ControlAnswer. */
  control: 'heddle.control',
  /** Signal from the server: a wait is satisfied. SatisfiedSignal. */
  satisfied: 'heddle.satisfied',
  /** Query: { offset, limit } -> LiveState. */
  state: 'heddle.state',
} as const;

export type ControlMessage =
  | { readonly kind: 'pause'; readonly by: string }
  | { readonly kind: 'resume'; readonly by: string; readonly repin?: { readonly planHash: string; readonly skeleton: Skeleton } }
  | {
      readonly kind: 'answer';
      readonly step: string;
      readonly approved: boolean;
      readonly by: string;
      readonly roles: readonly string[];
      readonly note: string | null;
      readonly at: number;
    }
  | { readonly kind: 'event'; readonly event: string; readonly payload: Json; readonly by: string };
export type ControlAnswer = { readonly ok: true; readonly note?: string } | { readonly ok: false; readonly code: string; readonly why: string };
export interface SatisfiedSignal {
  readonly step: string;
  readonly value: Json;
}

/** A page of the live view. */
export interface LiveState {
  readonly status: RunStatus;
  readonly counts: Readonly<Partial<Record<StepStatus, number>>>;
  readonly total: number;
  readonly steps: readonly LiveStep[];
}
export interface LiveStep {
  readonly step: string;
  readonly kind: string;
  readonly task: string | null;
  readonly status: StepStatus;
  /** For waiting and queued: for what. */
  readonly waitingFor: string | null;
  /** ms since the epoch. */
  readonly queuedAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly attempts: number;
  readonly failure: StepFailure | null;
}

/** One step in the exact record. */
export interface StepRecord extends LiveStep {
  readonly version: string | null;
  readonly worker: string | null;
  /** ms the last attempt took on the worker. */
  readonly runMs: number | null;
  /** ms spent waiting for input, approval, event. */
  readonly waitMs: number;
  /** Output (inline or Stored), null where there is none. */
  readonly output: Json;
  readonly meta: AttemptMeta | null;
}

export interface RunFinal {
  readonly status: 'done' | 'failed' | 'cancelled';
  readonly endedAt: number;
  readonly output: Json;
  /** All reasons, in the order of their steps. */
  readonly failures: readonly { readonly step: string; readonly failure: StepFailure }[];
  /** Steps that did not end within the grace of a cancel. */
  readonly abandoned: readonly string[];
}

/** $outcome of an `always` block. */
export interface RunOutcome {
  readonly status: 'done' | 'failed' | 'cancelled';
  readonly failedStep: string | null;
  readonly message: string | null;
  readonly failures: readonly { readonly step: string; readonly class: FailureClass; readonly message: string }[];
}
