/** What the server knows of earlier runs of a pipeline: for the reasons and the estimate of `heddle plan`. */
import type { RunSummary } from '../../dsl/contract/api.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Client } from '../client/client.ts';
import { clock, duration } from '../show/time.ts';

export interface EarlierRuns {
  /** False: the server does not answer, and nothing is known. */
  readonly known: boolean;
  readonly why: string | null;
  /** Median of the newest done runs, ms. */
  readonly estimateMs: number | null;
  readonly done: number;
  /** The newest run, of the partition if one was named. */
  readonly last: RunSummary | null;
  readonly partition: string | null;
}

export async function earlierRuns(client: Client, pipeline: string, partition: string | null): Promise<EarlierRuns> {
  try {
    const [done, last] = await Promise.all([
      client.runs({ pipeline, status: 'done', limit: 20 }),
      client.runs({ pipeline, limit: 1, ...(partition !== null && { partition }) }),
    ]);
    const took = done.items.flatMap((run) => (run.startedAt !== null && run.endedAt !== null ? [run.endedAt - run.startedAt] : [])).sort((a, b) => a - b);
    return { known: true, why: null, estimateMs: took[Math.floor(took.length / 2)] ?? null, done: took.length, last: last.items[0] ?? null, partition };
  } catch (error) {
    if (!isHeddleError(error)) throw error;
    return { known: false, why: error.what, estimateMs: null, done: 0, last: null, partition };
  }
}

export function estimateText(earlier: EarlierRuns, hash: string): string[] {
  if (!earlier.known) return [`estimate   none: ${earlier.why ?? ''}`];
  const { last, estimateMs, done, partition } = earlier;
  const of = partition === null ? '' : ` for ${partition}`;
  const reason =
    last === null
      ? `it never ran${of}`
      : `the last run${of} (${last.runId}, ${clock(last.createdAt)}) is ${last.status}, under ${last.planHash === hash ? 'this same plan' : 'another plan'}${last.failure === null ? '' : `: ${last.failure}`}`;
  return [
    `before     ${reason}`,
    `estimate   ${estimateMs === null ? 'none: no run of it is done yet' : `${duration(estimateMs)}, the median of ${done} ${done === 1 ? 'run' : 'runs'}`}`,
  ];
}
