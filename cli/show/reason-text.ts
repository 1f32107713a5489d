/** Why a cell of a backfill is run or left alone, in words. */
import type { DoReason, LeaveReason } from '../../dsl/contract/backfill.ts';

export function doText(reason: DoReason): string {
  switch (reason.why) {
    case 'missing':
      return 'missing';
    case 'failed':
      return `failed: ${reason.failure ?? 'see the run'} (run ${reason.runId})`;
    case 'stale-code':
      return `stale by code: ${reason.task} ${reason.from} -> ${reason.to}`;
    case 'code-drift':
      return `code drift: ${reason.task}, ${digestText(reason.from)} -> ${digestText(reason.to)}`;
    case 'stale-input':
      return `stale by input: ${reason.dataset} ${reason.partition}, ${digestText(reason.from)} -> ${digestText(reason.to)}${more(reason.more)}`;
    case 'upstream':
      return `upstream is rebuilt: ${reason.pipeline} ${reason.partition}${more(reason.more)}`;
    case 'forced':
      return 'forced';
  }
}

export function leaveText(reason: LeaveReason): string {
  switch (reason.why) {
    case 'good':
      return 'good';
    case 'not-selected':
      return `not selected (${reason.because})`;
    case 'outside-retention':
      return `outside retention (kept since ${reason.since.slice(0, 10)})`;
    case 'input-absent':
      return `input absent: ${reason.dataset} ${reason.partition}${more(reason.more)}`;
    case 'owned':
      return `backfill ${reason.backfill} has it`;
    case 'in-flight':
      return `run ${reason.runId} has it`;
  }
}

const more = (count: number): string => (count > 0 ? ` and ${count} more` : '');
const digestText = (digest: string | null): string => (digest === null ? 'unknown' : digest.replace('sha256:', '').slice(0, 8));
