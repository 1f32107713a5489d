/** How a backfill is to be run, from the options of the command line. */
import { durationMs } from '../../dsl/authoring/duration.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { JsonObject } from '../../dsl/plan/types.ts';

export interface RuleOptions {
  readonly concurrency?: number;
  readonly order?: string;
  readonly rate?: string;
  readonly window?: string;
  readonly budgetRuns?: number;
  readonly budgetTime?: string;
  readonly budgetSlotHours?: string;
  readonly stopAfter?: string;
}

/** As POST /backfills takes them. Throws HDL-USAGE. */
export function rulesIn(options: RuleOptions): JsonObject {
  const budget = {
    ...(options.budgetRuns !== undefined && { runs: options.budgetRuns }),
    ...(options.budgetTime !== undefined && { wallMs: timeOf('--budget-time', options.budgetTime) }),
    ...(options.budgetSlotHours !== undefined && { slotMs: hoursOf(options.budgetSlotHours) }),
  };
  return {
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.order !== undefined && { order: options.order }),
    ...(options.rate !== undefined && { rate: rateOf(options.rate) }),
    ...(options.window !== undefined && { window: windowOf(options.window) }),
    ...(Object.keys(budget).length > 0 && { budget }),
    ...(options.stopAfter !== undefined && { breaker: breakerOf(options.stopAfter) }),
  };
}

const wrong = (what: string, fix: string): HeddleError => new HeddleError('HDL-USAGE', { what, fix });

function timeOf(option: string, text: string): number {
  const ms = durationMs(text);
  if (ms === null || ms <= 0) throw wrong(`${option} ${text} is no time.`, `Write for instance ${option} 8h.`);
  return ms;
}
function hoursOf(text: string): number {
  const hours = Number(text);
  if (!(hours > 0)) throw wrong(`--budget-slot-hours ${text} is no number of hours.`, 'Write for instance --budget-slot-hours 40.');
  return Math.round(hours * 3_600_000);
}
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
function rateOf(text: string): JsonObject {
  const [, cells, unit = ''] = /^(\d+)\/(s|m|min|h|d)$/.exec(text) ?? [];
  if (cells === undefined || Number(cells) < 1) throw wrong(`--rate ${text} is no rate.`, 'Write for instance --rate 100/h.');
  return { cells: Number(cells), perMs: UNITS[unit] ?? 0 };
}
function windowOf(text: string): JsonObject {
  const [, from, to, timezone = 'UTC'] = /^(\d\d:\d\d)-(\d\d:\d\d)(?:@(.+))?$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw wrong(`--window ${text} is no window.`, 'Write for instance --window 20:00-06:00@Europe/Berlin.');
  return { from, to, timezone };
}
function breakerOf(text: string): JsonObject {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (number === undefined || Number(number) <= 0) throw wrong(`--stop-after ${text} is no number of failures.`, 'Write for instance --stop-after 5, or 20%.');
  return percent === '%' ? { inARow: null, share: Number(number) / 100 } : { inARow: Number(number), share: null };
}
