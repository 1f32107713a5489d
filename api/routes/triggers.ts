/** /triggers: starting an applied pipeline by a request, and what events have started. */
import { z } from '@hono/zod-openapi';
import { currentPlans } from '../../catalog/deployments.ts';
import { getPlan } from '../../catalog/plans.ts';
import { listTargets } from '../../catalog/triggers.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { startRun } from '../runs/start-run.ts';
import { jsonObjectSchema, limitSchema } from '../schemas/json.ts';
import { runSummarySchema } from '../schemas/runs.ts';
import type { ServerParts } from '../server-parts.ts';

export function addTriggerRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/triggers/{pipeline}',
      role: 'operator',
      summary: 'Start an applied pipeline that has onRequest(); the same key gives the same run, and another body with it is refused',
      body: z.strictObject({ key: z.string().min(1).max(200), params: jsonObjectSchema.optional(), partition: jsonObjectSchema.nullable().optional() }),
      answer: runSummarySchema,
    },
    async ({ at, who, body }) => {
      const pipeline = at('pipeline');
      const planHash = (await currentPlans(parts.catalog.db, parts.config.project))[pipeline];
      const plan = planHash === undefined ? undefined : await getPlan(parts.catalog.db, planHash);
      if (planHash === undefined || !plan)
        throw new HeddleError('HDL-NO-PIPELINE', { what: `No pipeline "${pipeline}" is applied.`, fix: 'Apply the project: heddle apply.' });
      if (!plan.contracts.triggers?.some(({ kind }) => kind === 'request'))
        throw new HeddleError('HDL-TRIGGER', {
          what: `${pipeline} is not started by requests.`,
          where: `pipeline ${pipeline}`,
          fix: 'Give it triggers: [onRequest()], and apply the project.',
        });
      return startRun(parts, who, { pipeline, planHash, params: body.params ?? {}, partition: body.partition ?? null, key: `request ${body.key}` });
    },
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/triggers/{pipeline}',
      role: 'viewer',
      summary: 'What events have aimed at, and the runs that they started, newest first',
      query: z.object({ limit: limitSchema(1_000, 50) }),
      answer: z.object({
        items: z.array(
          z.object({ pipeline: z.string(), key: z.string(), version: z.number(), started: z.number(), why: z.string(), runId: z.string().nullable() }),
        ),
      }),
    },
    async ({ at, query }) => ({ items: await listTargets(parts.catalog.db, parts.config.project, at('pipeline'), query.limit) }),
  );
}
