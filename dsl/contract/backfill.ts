/**
 * A backfill: what the planner decides for each cell, and how the chosen cells are run. A cell is one partition of one
 * pipeline. Shared by planner, server, workflows and command line. Pure types; anybody may import this.
 */
import type { FailureClass, Json } from '../plan/types.ts';

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
