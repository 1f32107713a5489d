/**
 * The nominal times of a schedule, and when each of them is due: a fixed place of the pipeline's own within `spread`, and another
 * one each time within `jitter`. Both follow from names alone, so that every server computes the same. Server, command line.
 */
import { createHash } from 'node:crypto';
import type { ScheduleDef } from '../dsl/plan/types.ts';
import { nextTicks } from './next-ticks.ts';
import { zoneClock } from './zone-clock.ts';

/** A year of excluded days and more. */
const MOST_SKIPS = 1_000;

/** The first nominal time after an instant; null where there is none. Throws HDL-CRON. */
export function nominalAfter(schedule: ScheduleDef, after: number): number | null {
  let at = after;
  for (let skips = 0; skips < MOST_SKIPS; skips++) {
    const next =
      schedule.everyMs === undefined ? nextTicks(schedule.cron, schedule.timezone, at, 1)[0] : (Math.floor(at / schedule.everyMs) + 1) * schedule.everyMs;
    if (next === undefined) return null;
    if (!isExcluded(schedule, next)) return next;
    at = next;
  }
  return null;
}

function isExcluded({ except, timezone }: ScheduleDef, at: number): boolean {
  return except !== undefined && except.includes(new Date(zoneClock(timezone).wall(at)).toISOString().slice(0, 10));
}

/** ms after the nominal time. */
export function delayOf(schedule: ScheduleDef, project: string, pipeline: string, nominal: number): number {
  return share(`${project}/${pipeline}`, schedule.spreadMs ?? 0) + share(`${project}/${pipeline}/${nominal}`, schedule.jitterMs);
}

function share(name: string, ofMs: number): number {
  return ofMs === 0 ? 0 : createHash('sha256').update(name).digest().readUInt32BE(0) % ofMs;
}
