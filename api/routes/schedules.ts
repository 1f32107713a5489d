/** /schedules, /alerts: ticks that come and came, and what is overdue. */
import { z } from '@hono/zod-openapi';
import { listAlerts } from '../../catalog/alerts.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { scheduleDetail, schedulesView, setPaused } from '../schedules/schedule-view.ts';
import { jsonSchema, limitSchema } from '../schemas/json.ts';
import type { ServerParts } from '../server-parts.ts';

const tick = z
  .object({
    pipeline: z.string(),
    nominal: z.number(),
    state: z.enum(['due', 'started', 'skipped', 'missed']),
    dueAt: z.number(),
    startedAt: z.number().nullable(),
    runs: z.array(z.string()),
    why: z.string().nullable(),
  })
  .openapi('Tick');
const schedule = z
  .object({
    pipeline: z.string(),
    schedule: z.string(),
    nextNominal: z.number().nullable(),
    nextAt: z.number().nullable(),
    pausedAt: z.number().nullable(),
    pausedBy: z.string().nullable(),
    note: z.string().nullable(),
    last: tick.nullable(),
  })
  .openapi('Schedule');

export function addScheduleRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    { method: 'get', path: '/schedules', role: 'viewer', summary: 'Schedules that are applied', answer: z.object({ items: z.array(schedule) }) },
    async () => ({
      items: await schedulesView(parts),
    }),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/schedules/{pipeline}',
      role: 'viewer',
      summary: 'A schedule with its last ticks and its next times',
      query: z.object({ count: limitSchema(1_000, 10) }),
      answer: schedule.extend({ ticks: z.array(tick), next: z.array(z.object({ nominal: z.number(), at: z.number() })) }),
    },
    ({ at, query }) => scheduleDetail(parts, at('pipeline'), query.count),
  );
  for (const verb of ['pause', 'resume'] as const)
    addEndpoint(
      app,
      {
        method: 'post',
        path: `/schedules/{pipeline}/${verb}`,
        role: 'operator',
        summary: verb === 'pause' ? 'Start nothing by it until it is resumed' : 'Go on; what was missed meanwhile is caught up within its window',
        body: z.strictObject({ note: z.string().max(2000).optional() }),
        answer: schedule,
      },
      ({ at, who, body }) => setPaused(parts, who, at('pipeline'), verb === 'pause', body.note ?? null),
    );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/alerts',
      role: 'viewer',
      summary: 'Deadlines and freshness that are missed, or were',
      query: z.object({ all: z.enum(['true', 'false']).default('false'), limit: limitSchema(1_000, 100) }),
      answer: z.object({
        items: z.array(z.object({ cause: z.string(), kind: z.string(), detail: jsonSchema, openedAt: z.number(), resolvedAt: z.number().nullable() })),
      }),
    },
    async ({ query }) => ({ items: await listAlerts(parts.catalog.db, parts.config.project, { open: query.all === 'false', limit: query.limit }) }),
  );
}
