/**
 * spread-start: 5,000 schedules on one minute with a spread of ten minutes: from each one's own time to its run's start in
 * Temporal; spread-first-step: to its first step's start. The figures are the worst of all beside the aim of a minute; a
 * tick that is lost or comes twice ends it with an error. It takes a quarter of an hour: BENCH_SCHEDULES=500 and BENCH_SPREAD_S=60
 * take so many schedules and seconds instead.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { delayOf } from '../calendar/schedule-ticks.ts';
import { SCHEDULE_NAME } from '../catalog/schedules.ts';
import type { Plan } from '../dsl/plan/types.ts';
import { planHashOf } from '../storage/digest.ts';
import { startBench, type Bench } from './processes.ts';
import { caseOf, type BenchCase } from './report.ts';

const COUNT = Number(process.env['BENCH_SCHEDULES'] ?? 5_000);
const SPREAD_MS = Number(process.env['BENCH_SPREAD_S'] ?? 600) * 1000;
const AIM_MS = 60_000;
const MINUTE_MS = 60_000;

export async function schedules(): Promise<BenchCase[]> {
  const bench = await startBench();
  try {
    // time to send the plans: 100 a second, and a minute
    const nominal = Math.ceil((Date.now() + COUNT * 10 + MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
    const names = await applySchedules(bench, nominal);
    if (Date.now() >= nominal) throw new Error('the plans took too long to send: their minute has passed');
    process.stderr.write(`${names.length} schedules of ${new Date(nominal).toISOString()} are applied\n`);
    const starts = await startsOf(bench, nominal, names.length);
    const own = names.map((name) => lateness(name, nominal, starts.get(name) ?? []));
    const runs = own.map(({ run }) => run);
    const steps = own.map(({ step }) => step);
    return [
      caseOf('spread-start', 'ms', [Math.max(...runs)], [AIM_MS], 1, `${COUNT} schedules over ${SPREAD_MS / 1000} s, each one run; late by ${told(runs)}`),
      caseOf('spread-first-step', 'ms', [Math.max(...steps)], [AIM_MS], null, `late by ${told(steps)}`),
    ];
  } finally {
    await bench.stop();
  }
}

/** One pipeline of one no-op step for each schedule. */
async function applySchedules({ heddle, folder }: Bench, nominal: number): Promise<string[]> {
  const base = planIn(folder, heddle.plans['bench.hours'] ?? '');
  const minute = new Date(nominal);
  const cron = `${minute.getUTCMinutes()} ${minute.getUTCHours()} ${minute.getUTCDate()} ${minute.getUTCMonth() + 1} *`;
  const plans: Record<string, string> = {};
  for (let first = 0; first < COUNT; first += 20)
    await Promise.all(
      Array.from({ length: Math.min(20, COUNT - first) }, async (_, i) => {
        const name = `bench.s${first + i}`;
        const schedule = { cron, timezone: 'UTC', overlap: 'queue', catchupMs: 3_600_000, jitterMs: 0, spreadMs: SPREAD_MS } as const;
        const plan: Plan = { ...base, name, skeleton: { ...base.skeleton, name }, contracts: { ...base.contracts, schedule } };
        const hash = planHashOf(plan);
        await heddle.call('POST', '/plans', { plan, hash });
        plans[name] = hash;
      }),
    );
  await heddle.call('POST', '/deployments', { plans });
  return Object.keys(plans);
}

function planIn(folder: string, hash: string): Plan {
  const catalog = new DatabaseSync(join(folder, 'catalog.db'), { readOnly: true });
  try {
    const row = catalog.prepare('select plan from plans where hash = ?').get(hash) as { plan: string } | undefined;
    if (!row) throw new Error(`the catalog does not hold the plan ${hash}`);
    return JSON.parse(row.plan) as Plan; // the server wrote it
  } finally {
    catalog.close();
  }
}

interface Start {
  /** Of the run in Temporal. */
  readonly run: number;
  readonly step: number;
}
/** Pipeline -> the starts of all its runs, once all have begun their steps, and a while after that. */
async function startsOf({ folder }: Bench, nominal: number, count: number): Promise<Map<string, Start[]>> {
  const catalog = new DatabaseSync(join(folder, 'catalog.db'), { readOnly: true });
  try {
    const read = catalog.prepare(
      `select runs.pipeline as pipeline, runs.started_at as run, min(attempts.started_at) as step from runs
       left join attempts on attempts.run_id = runs.run_id where runs.started_by = ? group by runs.run_id`,
    );
    const end = nominal + SPREAD_MS + 5 * AIM_MS;
    for (let settled = 0; ;) {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const rows = read.all(SCHEDULE_NAME) as unknown as (Start & { pipeline: string })[];
      settled = rows.length >= count && rows.every(({ step }) => step !== null) ? settled + 1 : 0;
      if (settled > 3 || Date.now() > end) return Map.groupBy(rows, ({ pipeline }) => pipeline);
    }
  } finally {
    catalog.close();
  }
}

/** ms. Throws when the tick was lost, came twice, or came too early. */
function lateness(pipeline: string, nominal: number, starts: readonly Start[]): Start {
  const [start] = starts;
  if (!start || starts.length > 1) throw new Error(`${pipeline} was started ${starts.length} times, not once`);
  const own = nominal + delayOf({ cron: '', timezone: 'UTC', overlap: 'queue', catchupMs: 0, jitterMs: 0, spreadMs: SPREAD_MS }, 'bench', pipeline, nominal);
  if (start.run < own) throw new Error(`${pipeline} was started ${own - start.run} ms before its time`);
  return { run: start.run - own, step: (start.step ?? Infinity) - own };
}

function told(lates: readonly number[]): string {
  const sorted = [...lates].sort((a, b) => a - b);
  const at = (share: number): string => ((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) / 1000).toFixed(1);
  return `${at(0.5)} s (median), ${at(0.95)} (p95), ${at(1)} (worst)`;
}
