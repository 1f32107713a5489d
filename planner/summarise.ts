/** A plan in few lines: how many cells for which reason, and runs of neighbouring cells with the same one. Pure. */
import type { DoReason, LeaveReason } from '../dsl/contract/backfill.ts';
import type { Decision } from './plan-cells.ts';

export interface PlanRange {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly do: DoReason | null;
  readonly leave: LeaveReason | null;
}
export interface PipelineSummary {
  readonly pipeline: string;
  readonly cells: number;
  readonly do: number;
  readonly counts: Readonly<Partial<Record<DoReason['why'] | LeaveReason['why'], number>>>;
  readonly ranges: readonly PlanRange[];
  /** Ranges that are left out of the list. */
  readonly more: number;
}

const MOST_RANGES = 1_000;

export function summarise(pipeline: string, decisions: readonly Decision[]): PipelineSummary {
  const counts: Partial<Record<DoReason['why'] | LeaveReason['why'], number>> = {};
  const ranges: { from: string; to: string; count: number; do: DoReason | null; leave: LeaveReason | null }[] = [];
  let tasks = 0;
  for (const decision of decisions) {
    const why = decision.do?.why ?? decision.leave?.why ?? 'good';
    counts[why] = (counts[why] ?? 0) + 1;
    if (decision.do) tasks++;
    const last = ranges.at(-1);
    if (last && sameReason(last, decision)) {
      last.to = decision.key;
      last.count++;
    } else ranges.push({ from: decision.key, to: decision.key, count: 1, do: decision.do, leave: decision.leave });
  }
  return { pipeline, cells: decisions.length, do: tasks, counts, ranges: ranges.slice(0, MOST_RANGES), more: Math.max(0, ranges.length - MOST_RANGES) };
}

/** The same for a reader: kind, and what it is about; not each manifest. */
function sameReason(a: Pick<Decision, 'do' | 'leave'>, b: Pick<Decision, 'do' | 'leave'>): boolean {
  return aboutOf(a) === aboutOf(b);
}
function aboutOf({ do: todo, leave }: Pick<Decision, 'do' | 'leave'>): string {
  const reason = todo ?? leave;
  if (!reason) return '';
  const { why } = reason;
  switch (why) {
    case 'stale-code':
    case 'code-drift':
      return `${why} ${reason.task} ${reason.from} ${reason.to}`;
    case 'stale-input':
    case 'input-absent':
      return `${why} ${reason.dataset} ${reason.partition}`;
    case 'upstream':
      return `${why} ${reason.pipeline}`;
    case 'owned':
      return `${why} ${reason.backfill}`;
    case 'in-flight':
    case 'failed':
      return `${why} ${reason.runId}`;
    case 'not-selected':
      return `${why} ${reason.because}`;
    default:
      return why;
  }
}
