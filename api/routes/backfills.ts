/** /backfills: plans by the state of the data, and their execution. */
import { z } from '@hono/zod-openapi';
import { currentPlans } from '../../catalog/deployments.ts';
import { getPage, listBackfills, pageHeads } from '../../catalog/backfills.ts';
import { controlBackfill, deadList, redoBackfill } from '../backfills/control-backfill.ts';
import { planBackfill, requireBackfill } from '../backfills/plan-backfill.ts';
import { startBackfill } from '../backfills/start-backfill.ts';
import { specOf } from '../backfills/spec-of.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { backfillSchema, planBackfillSchema } from '../schemas/backfills.ts';
import { jsonSchema, limitSchema } from '../schemas/json.ts';
import type { ServerParts } from '../server-parts.ts';

export function addBackfillRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/backfills',
      role: 'operator',
      summary: 'Plan a backfill by the state of the data; nothing is started',
      body: planBackfillSchema,
      answer: backfillSchema,
      maxBytes: 32 * 1024 * 1024,
    },
    async ({ who, body }) => planBackfill(parts, who, await specOf(parts, body, body.plans ?? (await currentPlans(parts.catalog.db, parts.config.project)))),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/backfills',
      role: 'viewer',
      summary: 'Backfills, newest first',
      query: z.object({ pipeline: z.string().optional(), limit: limitSchema(500, 50) }),
      answer: z.object({ items: z.array(backfillSchema) }),
    },
    async ({ query }) => ({ items: await listBackfills(parts.catalog.db, { project: parts.config.project, ...query }) }),
  );
  addEndpoint(app, { method: 'get', path: '/backfills/{id}', role: 'viewer', summary: 'A backfill with its plan in short', answer: backfillSchema }, ({ at }) =>
    requireBackfill(parts, at('id')),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/backfills/{id}/cells',
      role: 'viewer',
      summary: 'The cells that the plan runs, a page at a time',
      query: z.object({ page: z.coerce.number().int().min(0).default(0) }),
      answer: z.object({ pipeline: z.string().nullable(), cells: z.array(jsonSchema), next: z.number().nullable() }),
    },
    async ({ at, query }) => {
      const backfill = await requireBackfill(parts, at('id'));
      const [page, heads] = await Promise.all([getPage(parts.catalog.db, backfill.id, query.page), pageHeads(parts.catalog.db, backfill.id)]);
      return { pipeline: page?.pipeline ?? null, cells: page?.cells ?? [], next: query.page + 1 < heads.length ? query.page + 1 : null };
    },
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/backfills/{id}/start',
      role: 'operator',
      summary: 'Start exactly the plan that was shown; refused when the data has changed since',
      body: z.strictObject({ confirm: z.int().positive().optional() }),
      answer: backfillSchema,
    },
    ({ at, who, body }) => startBackfill(parts, who, at('id'), body.confirm),
  );
  for (const kind of ['pause', 'resume', 'cancel'] as const)
    addEndpoint(
      app,
      {
        method: 'post',
        path: `/backfills/{id}/${kind}`,
        role: 'operator',
        summary: { pause: 'Start no more cells; those that run end', resume: 'Go on with the same plan', cancel: 'Cancel what runs, start nothing more' }[kind],
        body: z.strictObject({ why: z.string().max(500).optional() }),
        answer: backfillSchema,
      },
      ({ at, who, body }) => controlBackfill(parts, who, at('id'), kind === 'pause' ? { kind, why: body.why ?? `paused by ${who.name}` } : { kind }),
    );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/backfills/{id}/redo',
      role: 'operator',
      summary: 'Plan the cells that did not end well anew; nothing is started',
      body: z.strictObject({}),
      answer: backfillSchema,
    },
    ({ at, who }) => redoBackfill(parts, who, at('id')),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/backfills/{id}/dead',
      role: 'viewer',
      summary: 'Cells that failed, were blocked behind one that did, or were cancelled, with the first error',
      query: z.object({ limit: limitSchema(100_000, 1_000) }),
      answer: z.object({
        items: z.array(z.object({ pipeline: z.string(), key: z.string(), status: z.string(), runId: z.string().nullable(), failure: jsonSchema.nullable() })),
      }),
    },
    async ({ at, query }) => ({ items: await deadList(parts, (await requireBackfill(parts, at('id'))).id, query.limit) }),
  );
}
