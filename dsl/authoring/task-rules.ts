/** From a task's options to the rules that the plan carries, with defaults; what is wrong in them is collected. */
import type { FailureClass, TaskRules } from '../plan/types.ts';
import type { Problem } from '../plan/problem.ts';
import { durationMs } from './duration.ts';
import type { Pool, ResourceClass } from './register.ts';
import type { Duration } from './ref.ts';

export interface Resources {
  /** Default 'default'. */
  readonly pool?: Pool;
  /** Default 'small', or the first class of the pool where it has no 'small'. */
  readonly class?: ResourceClass;
}
export interface Retry {
  /** Attempts in all, 1 to 100. */
  readonly attempts: number;
  /** First wait, then doubled. Default 10 s. */
  readonly backoff?: Duration;
  /** Extra attempts for classes that are final otherwise: user, data. */
  readonly classes?: Readonly<Partial<Record<FailureClass, number>>>;
}
export type Cache = boolean | { readonly for: Duration };

export interface RuleOptions {
  readonly resources?: Resources;
  readonly retry?: Retry;
  /** Of one attempt. Default 1 h. */
  readonly timeout?: Duration;
  /** Longest silence of a running attempt. Default 60 s; the worker beats by itself. */
  readonly heartbeat?: Duration;
  /** Longest time in the queue. Default: no limit. */
  readonly queueTimeout?: Duration;
  /** A process of its own for each attempt. */
  readonly isolate?: 'process';
}

const MAX_ATTEMPTS = 100;

export function taskRules(name: string, def: RuleOptions, publishes: boolean, place: string | null): { rules: TaskRules; problems: Problem[] } {
  const problems: Problem[] = [];
  const ms = (option: string, text: string | undefined, otherwise: number): number => {
    if (text === undefined) return otherwise;
    const found = durationMs(text);
    if (found === null) problems.push({ code: 'HDL-BAD-DURATION', what: `${option}: '${text}' of task ${name} is no duration.`, where: place });
    return found ?? otherwise;
  };
  const counts = [def.retry?.attempts ?? 3, ...Object.values(def.retry?.classes ?? {})];
  if (counts.some((count, i) => !Number.isInteger(count) || count < (i === 0 ? 1 : 0) || count > MAX_ATTEMPTS)) {
    problems.push({
      code: 'HDL-RETRY-LIMIT',
      what: `The retry of task ${name} has no limit between 1 and ${MAX_ATTEMPTS}: ${JSON.stringify(def.retry)}.`,
      where: place,
    });
  }
  const rules: TaskRules = {
    pool: def.resources?.pool ?? 'default',
    class: def.resources?.class ?? 'small',
    attempts: def.retry?.attempts ?? 3,
    backoffMs: ms('retry.backoff', def.retry?.backoff, 10_000),
    ...(def.retry?.classes && { classes: def.retry.classes }),
    timeoutMs: ms('timeout', def.timeout, 3_600_000),
    heartbeatMs: ms('heartbeat', def.heartbeat, 60_000),
    queueMs: def.queueTimeout === undefined ? null : ms('queueTimeout', def.queueTimeout, 1),
    publishes,
    isolate: def.isolate === 'process',
    timed: def.timeout !== undefined || def.heartbeat !== undefined,
  };
  return { rules, problems };
}

/** What `cache` says; null: the task always runs. */
export function cacheOf(
  name: string,
  cache: Cache | undefined,
  place: string | null,
): { cache: { readonly forMs: number | null } | null; problems: Problem[] } {
  if (cache === undefined || typeof cache === 'boolean') return { cache: cache ? { forMs: null } : null, problems: [] };
  const forMs = durationMs(cache.for);
  const problem: Problem = { code: 'HDL-BAD-DURATION', what: `cache.for: '${cache.for}' of task ${name} is no duration.`, where: place };
  return { cache: { forMs }, problems: forMs === null ? [problem] : [] };
}
