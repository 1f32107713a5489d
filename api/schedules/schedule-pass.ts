/**
 * What the server does about schedules each second: writes down the ticks that have come, then starts their runs by the rules of
 * overlap. A tick is a row, once for each nominal time; its runs have keys; so a server that dies anywhere between goes on when
 * it is back, and two servers do it once. Times that were missed meanwhile come in order, within the catch-up. Server only.
 */
import { formatKey, type Key } from '../../calendar/partition-scope.ts';
import { delayOf, nominalAfter } from '../../calendar/schedule-ticks.ts';
import { formatTime, isGrain, partAt, shiftTime, startOf } from '../../calendar/time-grain.ts';
import { getRun } from '../../catalog/runs.ts';
import {
  addTick,
  advanceSchedule,
  duePipelines,
  dueSchedules,
  dueTicks,
  getSchedule,
  openScheduledRuns,
  SCHEDULE_NAME,
  settleTick,
  type ScheduleRow,
  type Tick,
} from '../../catalog/schedules.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import type { Identity } from '../auth/tokens.ts';
import { appliedPlans, type AppliedPlan } from '../deployments/applied-plans.ts';
import { cancelRun } from '../runs/cancel-run.ts';
import { startRun } from '../runs/start-run.ts';
import type { ServerParts } from '../server-parts.ts';

const WHO: Identity = { name: SCHEDULE_NAME, roles: ['operator'] };
const SCHEDULES = 500;
/** Pipelines that start in one pass, and ticks of each. */
const PIPELINES = 500;
const TICKS_EACH = 20;
/** Runs started at once. */
const AT_ONCE = 10;
/** A tick that comes so late is on time: the server was restarted. */
const GRACE_MS = 60_000;
/** Missed times that are written down one by one; of more, the last ones. */
const MOST_MISSED = 100;

export async function schedulePass(parts: ServerParts, now: number): Promise<void> {
  for (const schedule of await dueSchedules(parts.catalog.db, parts.config.project, now, SCHEDULES))
    await alone(parts, schedule.pipeline, () => takeTicks(parts, schedule, now));
  await startTicks(parts, now);
}

/** Rows for all nominal times that have come, and the next time. */
async function takeTicks(parts: ServerParts, schedule: ScheduleRow, now: number): Promise<void> {
  const { project } = parts.config;
  const { definition, pipeline } = schedule;
  const due: { readonly nominal: number; readonly dueAt: number }[] = [];
  let nominal = schedule.nextNominal;
  let at = schedule.nextAt;
  while (nominal !== null && at !== null && at <= now) {
    due.push({ nominal, dueAt: at });
    nominal = nominalAfter(definition, nominal);
    at = nominal === null ? null : nominal + delayOf(definition, project, pipeline, nominal);
  }
  const oldest = now - Math.max(definition.catchupMs, GRACE_MS);
  const missed = due.filter(({ dueAt }) => dueAt < oldest);
  const untold = missed.length - MOST_MISSED;
  await parts.catalog.transaction(async (trx) => {
    if (!(await advanceSchedule(trx, schedule, { nominal, at }))) return; // another server was quicker
    for (const tick of due) {
      const isMissed = tick.dueAt < oldest;
      if (isMissed && missed.indexOf(tick) < untold) continue;
      const why = isMissed
        ? `it came ${Math.round((now - tick.dueAt) / 1000)} s late, after the catch-up${untold > 0 ? `; ${untold} before it are not listed` : ''}`
        : null;
      await addTick(trx, project, { pipeline, ...tick, state: isMissed ? 'missed' : 'due', startedAt: null, runs: [], why });
    }
  });
}

/** A pipeline that waits, in its queue or for a pause, holds up no other one. */
async function startTicks(parts: ServerParts, now: number): Promise<void> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const due = await duePipelines(db, project);
  if (due.length === 0) return;
  const open = await openScheduledRuns(
    db,
    project,
    due.map(({ pipeline }) => pipeline),
  );
  const ready = due.filter(({ pipeline, overlap }) => overlap !== 'queue' || !open.has(pipeline)).slice(0, PIPELINES);
  const ticks = await dueTicks(
    db,
    project,
    ready.map(({ pipeline }) => pipeline),
    TICKS_EACH,
  );
  const own = Map.groupBy(ticks, ({ pipeline }) => pipeline);
  const applied = await appliedPlans(parts);
  for (let first = 0; first < ready.length; first += AT_ONCE)
    await Promise.all(
      ready
        .slice(first, first + AT_ONCE)
        .map(({ pipeline }) =>
          alone(parts, pipeline, () =>
            startPipeline(parts, { pipeline, ticks: own.get(pipeline) ?? [], open: open.get(pipeline) ?? [], applied: applied.get(pipeline), now }),
          ),
        ),
    );
}

/** What goes wrong with one pipeline is tried again by the next pass, and stops no other one. */
async function alone(parts: ServerParts, pipeline: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    parts.log.warn({ pipeline, error: String(error) }, 'the schedule of a pipeline failed; the next pass tries again');
  }
}

interface Pending {
  readonly pipeline: string;
  /** In the order of their nominal times. */
  readonly ticks: readonly Tick[];
  readonly open: readonly string[];
  readonly applied: AppliedPlan | undefined;
  readonly now: number;
}

async function startPipeline(parts: ServerParts, { pipeline, ticks, open, applied, now }: Pending): Promise<void> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const settle = (tick: Tick, to: Parameters<typeof settleTick>[3]): Promise<void> => settleTick(db, project, tick, to);
  const schedule = await getSchedule(db, project, pipeline);
  if (!applied || !schedule) {
    for (const tick of ticks) await settle(tick, { state: 'missed', why: 'the pipeline is not applied any more' });
    return;
  }
  if (schedule.pausedAt !== null) return; // it goes on where it is resumed, within the catch-up
  let busy = open;
  for (const tick of ticks) {
    if (busy.length > 0) {
      const { overlap } = schedule.definition;
      if (overlap === 'queue') return;
      if (overlap === 'skip') {
        await settle(tick, { state: 'skipped', why: `run ${busy[0] ?? ''} was still open` });
        continue;
      }
      for (const runId of busy) {
        const run = await getRun(db, runId);
        if (run) await cancelRun(parts, WHO, run, { reason: 'the next tick of its schedule has come' });
      }
      return; // when they have ended
    }
    try {
      busy = await startTick(parts, { tick, applied, now });
    } catch (error) {
      if (!isHeddleError(error)) throw error;
      await settle(tick, { state: 'missed', why: `${error.code}: ${error.what}` }); // nothing was started, and nothing would be
    }
  }
}

/** One run for each partition that the tick means; the same however often this is called. */
async function startTick(
  parts: ServerParts,
  { tick, applied: { plan, planHash }, now }: { readonly tick: Tick; readonly applied: AppliedPlan; readonly now: number },
): Promise<string[]> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const keys = keysOfTick(plan, tick.nominal);
  if (keys === null) {
    await settleTick(db, project, tick, { state: 'skipped', why: 'no partition has ended by then' });
    return [];
  }
  const runs: string[] = [];
  let isNew = false;
  for (const key of keys) {
    const name = key === undefined ? new Date(tick.nominal).toISOString() : formatKey(plan.contracts.partitions ?? {}, key);
    const run = await startRun(parts, WHO, { pipeline: plan.name, planHash, params: {}, partition: key ?? null, key: `schedule ${name}` }, { keyOnly: true });
    runs.push(run.runId);
    isNew ||= run.existed !== true;
  }
  const lateMs = now - tick.dueAt;
  const why = !isNew ? 'its partition had its run before' : lateMs > GRACE_MS ? `caught up, ${Math.round(lateMs / 1000)} s late` : null;
  await settleTick(db, project, tick, { state: 'started', startedAt: now, runs, why });
  return isNew ? runs : [];
}

/** The last partition whose end is not after the nominal time, with each of the fixed keys; null before the first has ended; [undefined] without partitions. */
export function keysOfTick(plan: Pick<Plan, 'contracts'>, nominal: number): (Key | undefined)[] | null {
  const dimensions = plan.contracts.partitions;
  if (!dimensions) return [undefined];
  let keys: Key[] = [{}];
  for (const [name, def] of Object.entries(dimensions)) {
    let values: readonly string[] = def.keys ?? [];
    if (isGrain(def.kind)) {
      const first = startOf(def);
      const last = shiftTime(partAt(first, nominal), -1);
      if (last.startMs < first.startMs) return null;
      values = [formatTime(last)];
    }
    keys = keys.flatMap((key) => values.map((value) => ({ ...key, [name]: value })));
  }
  return keys;
}
