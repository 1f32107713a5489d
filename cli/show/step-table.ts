/** The table of a run's steps: states, what is waited for, times, attempts, worker, failure. */
import type { StepRecord } from '../../dsl/contract/run.ts';
import type { Output } from '../output.ts';
import { foldSteps, type StepRow } from './fold-steps.ts';
import { statusStyle } from './status-style.ts';
import { table } from './table.ts';
import { clock, duration } from './time.ts';

const HEAD = ['STEP', 'STATE', 'WAITS FOR', 'QUEUED', 'STARTED', 'ENDED', 'TOOK', 'TRIES', 'WORKER', 'REASON'];

export function stepTable(output: Output, steps: readonly StepRecord[], options: { readonly all?: boolean; readonly now?: number } = {}): string {
  const now = options.now ?? Date.now();
  return table(
    output,
    HEAD,
    foldSteps(steps, options.all).map((row) => cells(output, row, now)),
  );
}

function cells(output: Output, row: StepRow, now: number): string[] {
  const [first] = row.steps;
  if (row.count > 1 || first === undefined) return folded(output, row, now);
  const { startedAt, endedAt, queuedAt } = first;
  return [
    first.step,
    output.style(statusStyle(first.status), first.status) + progressOf(first),
    first.waitingFor ?? '',
    queuedAt !== null && startedAt !== null && startedAt - queuedAt >= 1
      ? duration(startedAt - queuedAt)
      : queuedAt !== null && endedAt === null
        ? duration(now - queuedAt)
        : '',
    startedAt === null ? '' : clock(startedAt, now),
    endedAt === null ? '' : clock(endedAt, now),
    tookOf(first, now),
    first.attempts > 0 ? String(first.attempts) : '',
    first.worker ?? '',
    reasonOf(first),
  ];
}

function folded(output: Output, { step, count, counts, steps }: StepRow, now: number): string[] {
  const started = least(steps.map((item) => item.startedAt));
  const ended = steps.every((item) => item.endedAt !== null) ? most(steps.map((item) => item.endedAt)) : null;
  const waits = [...new Set(steps.flatMap((item) => item.waitingFor ?? []))];
  const workers = [...new Set(steps.flatMap((item) => item.worker ?? []))];
  const failed = steps.filter((item) => item.failure !== null && item.status === 'failed');
  return [
    `${step} x${count}`,
    Object.entries(counts)
      .map(([status, number]) => output.style(statusStyle(status), `${number} ${status}`))
      .join(', '),
    waits.length > 1 ? `${waits[0]}, +${waits.length - 1}` : (waits[0] ?? ''),
    '',
    started === null ? '' : clock(started, now),
    ended === null ? '' : clock(ended, now),
    started === null ? '' : duration((ended ?? now) - started),
    String(steps.reduce((sum, item) => sum + item.attempts, 0)),
    workers.length > 1 ? `${workers.length} workers` : (workers[0] ?? ''),
    failed[0] ? `${failed[0].step}: ${reasonOf(failed[0])}${failed.length > 1 ? ` (+${failed.length - 1})` : ''}` : '',
  ];
}

/** class, then the first line of the message; a longer one is shown below the table and by `heddle explain`. */
function reasonOf({ failure, status, meta }: StepRecord): string {
  if (meta?.cache?.hit) return `not run: the result of run ${meta.cache.runId ?? ''}`;
  if (failure === null || status === 'done') return '';
  const line = failure.message.split('\n', 1)[0] ?? '';
  return `${failure.class}: ${line.length > 90 ? `${line.slice(0, 89)}…` : line}`;
}

function tookOf({ runMs, startedAt, endedAt, status }: StepRecord, now: number): string {
  if (startedAt === null) return '';
  if (endedAt !== null) return duration(runMs ?? endedAt - startedAt);
  return ['running', 'publishing', 'retrying'].includes(status) ? duration(now - startedAt) : '';
}

/** What a running step pushed; the server adds it to the record. */
function progressOf(step: StepRecord & { readonly progress?: { readonly done: number; readonly total: number | null } }): string {
  if (!step.progress || step.status !== 'running') return '';
  return step.progress.total === null ? ` ${step.progress.done}` : ` ${step.progress.done}/${step.progress.total}`;
}

const numbers = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
const least = (values: readonly (number | null)[]): number | null => numbers(values).reduce<number | null>((a, b) => (a === null || b < a ? b : a), null);
const most = (values: readonly (number | null)[]): number | null => numbers(values).reduce<number | null>((a, b) => (a === null || b > a ? b : a), null);
