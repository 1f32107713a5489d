/**
 * A backfill: what the planner decides for each cell, and how the chosen cells are run. A cell is one partition of one
 * pipeline. Shared by planner, server, workflows and command line. Pure types; anybody may import this.
 */
import type { FailureClass, Json, Skeleton } from '../plan/types.ts';
import type { PartitionScope, RunFinal, StepRecord } from './run.ts';

/** Why a cell is to be run. */
export type DoReason =
  | { readonly why: 'missing' }
  /** Its last run failed, and nothing good was published since. */
  | { readonly why: 'failed'; readonly runId: string; readonly failure: string | null }
  /** The task's meaning changed since: versions. */
  | { readonly why: 'stale-code'; readonly task: string; readonly from: string; readonly to: string }
  /** Only with codeDrift: same version, other code digest. */
  | { readonly why: 'code-drift'; readonly task: string; readonly from: string | null; readonly to: string }
  /** Manifest digests; `from` null: it was not there then. `more`: other inputs that changed too. */
  | {
      readonly why: 'stale-input';
      readonly dataset: string;
      readonly partition: string;
      readonly from: string | null;
      readonly to: string;
      readonly more: number;
    }
  /** A cell of this plan that it reads is being rebuilt: the first of them. */
  | { readonly why: 'upstream'; readonly pipeline: string; readonly partition: string; readonly more: number }
  | { readonly why: 'forced' };

/** Why a cell is left alone. */
export type LeaveReason =
  | { readonly why: 'good' }
  /** It is stale, and the range or filter of this plan leaves it out. */
  | { readonly why: 'not-selected'; readonly because: DoReason['why'] }
  | { readonly why: 'outside-retention'; readonly since: string }
  /** `more`: other inputs that are absent too. */
  | { readonly why: 'input-absent'; readonly dataset: string; readonly partition: string; readonly more: number }
  | { readonly why: 'owned'; readonly backfill: string }
  | { readonly why: 'in-flight'; readonly runId: string };

/** What somebody asked for. Kept with the plan: starting it plans again and compares. */
export interface BackfillSpec {
  readonly pipeline: string;
  /** Pipeline -> plan hash: the target and all that may be upstream of it. */
  readonly plans: Readonly<Record<string, string>>;
  readonly params: Json;
  /** Keys from..to, both included; null: open at that end (the dimension's start; the last partition that has ended). */
  readonly from: string | null;
  readonly to: string | null;
  /** Exactly these instead of a range. */
  readonly keys: readonly string[] | null;
  /** Dimension -> allowed values. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly only: readonly ('failed' | 'missing' | 'stale')[] | null;
  readonly force: boolean;
  readonly codeDrift: boolean;
  readonly withUpstream: boolean;
  /** Cells that others have in hand: leave them to those, or refuse the plan. */
  readonly overlap: 'share' | 'refuse';
  readonly run: BackfillRules;
}
/** How it is to be executed. */
export interface BackfillRules {
  /** Cells running at once, exactly. */
  readonly concurrency: number;
  readonly order: 'newest' | 'oldest';
  /** Cells started in a time, at most. */
  readonly rate: { readonly cells: number; readonly perMs: number } | null;
  /** Only between these local times: '20:00'..'06:00'. */
  readonly window: { readonly from: string; readonly to: string; readonly timezone: string } | null;
  /** It pauses itself when one of them is spent. */
  readonly budget: { readonly runs?: number; readonly wallMs?: number; readonly slotMs?: number };
  /** It pauses itself: so many failures in a row, or this share of at least 20 ended cells. */
  readonly breaker: { readonly inARow: number | null; readonly share: number | null };
}

export type BackfillState = 'planned' | 'running' | 'paused' | 'cancelling' | 'cancelled' | 'done' | 'expired';
export type CellStatus = 'done' | 'failed' | 'cancelled' | 'blocked';

/** One page of the plan: at most a few hundred cells of one pipeline, in the order in which they start. */
export interface PlannedPage {
  readonly page: number;
  readonly pipeline: string;
  readonly planHash: string;
  /** Pages that hold cells which cells of this page read. */
  readonly after: readonly number[];
  readonly cells: readonly PlannedCell[];
}
export interface PlannedCell {
  /** Unique in the backfill, from 0. */
  readonly cell: number;
  /** Formatted: '2001-03-01|en'. */
  readonly key: string;
  readonly reason: DoReason;
  /** Cells of this backfill that it reads (by number). */
  readonly needs: readonly number[];
}

/** How a cell ended. Written in pages of many. */
export interface CellOutcome {
  readonly cell: number;
  readonly status: CellStatus;
  readonly runId: string | null;
  readonly failure: { readonly class: FailureClass; readonly code: string; readonly message: string } | null;
  /** ms since the epoch. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** ms of slots by 'pool/class'. */
  readonly slotMs: Readonly<Record<string, number>>;
}

// ---- between the workflows of a backfill, the server, and each other ----

/** Workflow types. Root: `project:backfill:<id>`; its pages: `.../page/<n>`. */
export const BACKFILL_WORKFLOW = 'heddle.backfill';
export const CELLS_WORKFLOW = 'heddle.cells';
export const backfillWorkflowId = (project: string, id: string): string => `${project}:backfill:${id}`;

export const backfillMessages = {
  /** Update of the root: BackfillControl -> ControlAnswer. */
  control: 'heddle.backfill.control',
  /** Query of the root: BackfillLive. */
  state: 'heddle.backfill.state',
  /** Signal of a page to the root: PageReport. */
  report: 'heddle.backfill.report',
  /** Signal of the root to a page: PageOrder. */
  order: 'heddle.backfill.order',
} as const;

export type BackfillControl = { readonly kind: 'pause'; readonly why: string } | { readonly kind: 'resume' } | { readonly kind: 'cancel' };
export interface BackfillLive {
  readonly state: BackfillState;
  /** Slots that are in use by a page. */
  readonly slots: number;
  readonly pages: { readonly open: number; readonly ended: number; readonly all: number };
}

export interface BackfillInput {
  readonly project: string;
  readonly backfill: string;
  readonly rules: BackfillRules;
  /** Set by continue-as-new only. */
  readonly carry?: Json;
}
export interface CellsInput {
  readonly project: string;
  readonly backfill: string;
  readonly page: number;
  /** Cells that it may run at once, for a start. */
  readonly slots: number;
  readonly held: boolean;
  /** Least time between two starts. */
  readonly gapMs: number;
  readonly breaker: BackfillRules['breaker'];
  /** Workflow to report to. */
  readonly root: string;
  /** Tells this execution of the page from an earlier one. */
  readonly token: string;
}
export type PageReport = { readonly page: number; readonly token: string } & (
  | { readonly type: 'released'; readonly slots: number }
  | { readonly type: 'stop'; readonly why: string }
  | { readonly type: 'ended' }
);
export type PageOrder = { readonly type: 'grant'; readonly slots: number } | { readonly type: 'hold' } | { readonly type: 'go' } | { readonly type: 'cancel' };

export interface OpenCellsCall {
  readonly project: string;
  readonly backfill: string;
  readonly page: number;
  readonly workflowId: string;
}
export interface OpenedPage {
  readonly pipeline: string;
  readonly planHash: string;
  /** 'inline': each cell runs in the page's own workflow; 'child': in a workflow of its own. */
  readonly mode: 'inline' | 'child';
  /** Left out where it is large: a child loads it. */
  readonly skeleton?: Skeleton;
  readonly params: Json;
  /** Those without an outcome, in the order of their start. */
  readonly cells: readonly OpenedCell[];
}
export interface OpenedCell {
  readonly cell: number;
  readonly runId: string;
  readonly workflowId: string;
  readonly partition: PartitionScope;
  /** Cells of this page that must be done before. */
  readonly needs: readonly number[];
  /** The run is there from an earlier execution of the page: it goes on as this retry. */
  readonly retryOf?: number;
}
export interface RecordCellsCall {
  readonly project: string;
  readonly backfill: string;
  readonly page: number;
  /** Unique in the page: the idempotency key. */
  readonly part: string;
  readonly outcomes: readonly CellOutcome[];
  /** Of inline cells; others record themselves. */
  readonly histories: readonly { readonly runId: string; readonly steps: readonly StepRecord[]; readonly final: RunFinal }[];
}
/** `pause`: why the backfill is to stop here: a budget is spent, or too many fail. */
export interface RecordCellsResult {
  readonly pause: string | null;
}
export interface PageOfPlan {
  readonly page: number;
  readonly after: readonly number[];
  readonly cells: number;
  /** Its cells go so many to an activity. */
  readonly batch?: number;
}

/** Control activities of backfills, on the server's queue; each is idempotent. */
export interface BackfillActivities {
  /** The pages of the plan, and those that have ended. */
  'heddle.backfill_pages'(call: {
    readonly project: string;
    readonly backfill: string;
  }): Promise<{ readonly pages: readonly PageOfPlan[]; readonly ended: readonly number[] }>;
  /** Makes the runs of a page's cells; those that cannot run any more get their outcome here. */
  'heddle.open_cells'(call: OpenCellsCall): Promise<OpenedPage>;
  /** Writes how cells ended, many at once, and the histories of those that ran in the page. */
  'heddle.record_cells'(call: RecordCellsCall): Promise<RecordCellsResult>;
  /** Which of these pages' workflows are closed, whatever they said. */
  'heddle.closed_pages'(call: {
    readonly project: string;
    readonly backfill: string;
    readonly pages: readonly number[];
  }): Promise<{ readonly closed: readonly number[] }>;
  /** Whether cells may start now, and until when (ms since the epoch) that holds. */
  'heddle.backfill_window'(call: NonNullable<BackfillRules['window']>): Promise<{ readonly open: boolean; readonly until: number }>;
  /** The backfill paused itself, or goes on: for the catalog. */
  'heddle.backfill_state'(call: {
    readonly project: string;
    readonly backfill: string;
    readonly state: 'running' | 'paused' | 'cancelling';
    readonly why: string | null;
  }): Promise<void>;
  /** The end: the plan against the store, and the report. */
  'heddle.finish_backfill'(call: { readonly project: string; readonly backfill: string; readonly cancelled: boolean }): Promise<void>;
}
