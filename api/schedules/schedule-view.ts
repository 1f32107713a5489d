/** Schedules as people see them: when they tick next, what became of the last tick, and the next times of one. Server only. */
import { delayOf, nominalAfter } from '../../calendar/schedule-ticks.ts';
import { closestName } from '../../config/closest-name.ts';
import { addAudit } from '../../catalog/audit.ts';
import { getSchedule, lastTicks, listSchedules, listTicks, pauseSchedule, type ScheduleRow, type Tick } from '../../catalog/schedules.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Identity } from '../auth/tokens.ts';
import { scheduleText } from '../deployments/apply-plans.ts';
import type { ServerParts } from '../server-parts.ts';

export interface ScheduleView {
  readonly pipeline: string;
  readonly schedule: string;
  readonly nextNominal: number | null;
  readonly nextAt: number | null;
  readonly pausedAt: number | null;
  readonly pausedBy: string | null;
  readonly note: string | null;
  readonly last: Tick | null;
}
export interface ScheduleDetail extends ScheduleView {
  readonly ticks: readonly Tick[];
  readonly next: readonly { readonly nominal: number; readonly at: number }[];
}

export async function schedulesView(parts: ServerParts): Promise<ScheduleView[]> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const [schedules, last] = await Promise.all([listSchedules(db, project), lastTicks(db, project)]);
  return schedules.map((row) => viewOf(row, last.get(row.pipeline) ?? null));
}

/** Throws HDL-NO-SCHEDULE. */
export async function scheduleDetail(parts: ServerParts, pipeline: string, count: number): Promise<ScheduleDetail> {
  const row = await requireSchedule(parts, pipeline);
  const ticks = await listTicks(parts.catalog.db, parts.config.project, pipeline, count);
  const next: { nominal: number; at: number }[] = [];
  for (let nominal = row.nextNominal; nominal !== null && next.length < count; nominal = nominalAfter(row.definition, nominal))
    next.push({ nominal, at: nominal + delayOf(row.definition, row.project, pipeline, nominal) });
  return { ...viewOf(row, ticks[0] ?? null), ticks, next };
}

/** Throws HDL-NO-SCHEDULE. */
export async function setPaused(parts: ServerParts, who: Identity, pipeline: string, paused: boolean, note: string | null): Promise<ScheduleView> {
  await requireSchedule(parts, pipeline);
  const now = Date.now();
  const { project } = parts.config;
  await parts.catalog.transaction(async (trx) => {
    await pauseSchedule(trx, project, pipeline, paused ? { at: now, by: who.name, note } : null);
    await addAudit(trx, { project, at: now, who: who.name, action: paused ? 'schedule pause' : 'schedule resume', target: pipeline, detail: { note } });
  });
  return viewOf(await requireSchedule(parts, pipeline), null);
}

async function requireSchedule(parts: ServerParts, pipeline: string): Promise<ScheduleRow> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const row = await getSchedule(db, project, pipeline);
  if (row) return row;
  const near = closestName(
    pipeline,
    (await listSchedules(db, project)).map((one) => one.pipeline),
  );
  throw new HeddleError('HDL-NO-SCHEDULE', { what: `No schedule of "${pipeline}" is applied.${near === undefined ? '' : ` Did you mean "${near}"?`}` });
}

const viewOf = (row: ScheduleRow, last: Tick | null): ScheduleView => ({
  pipeline: row.pipeline,
  schedule: scheduleText(row.definition),
  nextNominal: row.nextNominal,
  nextAt: row.nextAt,
  pausedAt: row.pausedAt,
  pausedBy: row.pausedBy,
  note: row.note,
  last,
});
