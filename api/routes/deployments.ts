/** /deployments: what is applied. */
import { z } from '@hono/zod-openapi';
import { listDeployments } from '../../catalog/deployments.ts';
import { applyPlans, applyVersion } from '../deployments/apply-plans.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { limitSchema } from '../schemas/json.ts';
import type { ServerParts } from '../server-parts.ts';

const deployment = z
  .object({ version: z.number(), plans: z.record(z.string(), z.string()), at: z.number(), who: z.string(), note: z.string().nullable() })
  .openapi('Deployment');
const applied = z
  .object({
    deployment: deployment.nullable(),
    changes: z.array(
      z.object({
        pipeline: z.string(),
        change: z.enum(['added', 'changed', 'removed', 'kept']),
        from: z.string().nullable(),
        to: z.string().nullable(),
        details: z.array(z.string()),
      }),
    ),
  })
  .openapi('Applied');
const note = z.string().max(2000).optional();

export function addDeploymentRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/deployments',
      role: 'operator',
      summary: 'Make plans the current ones, with their schedules and triggers; dryRun shows the difference alone',
      body: z.strictObject({
        plans: z.record(z.string().min(1).max(200), z.string().min(1).max(100)),
        prune: z.boolean().optional(),
        dryRun: z.boolean().optional(),
        note,
      }),
      answer: applied,
      maxBytes: 8 * 1024 * 1024,
    },
    ({ who, body }) => applyPlans(parts, who, { plans: body.plans, prune: body.prune ?? false, dryRun: body.dryRun ?? false, note: body.note ?? null }),
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/deployments/{version}/apply',
      role: 'operator',
      summary: 'Go back to what was applied as that version: as a new one',
      body: z.strictObject({ dryRun: z.boolean().optional(), note }),
      answer: applied,
    },
    ({ at, who, body }) => applyVersion(parts, who, Number(at('version')), body.dryRun ?? false, body.note ?? null),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/deployments',
      role: 'viewer',
      summary: 'Versions of what was applied, newest first',
      query: z.object({ limit: limitSchema(500, 20) }),
      answer: z.object({ items: z.array(deployment) }),
    },
    async ({ query }) => ({ items: await listDeployments(parts.catalog.db, parts.config.project, query.limit) }),
  );
}
