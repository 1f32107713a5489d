/** POST /plans: takes a compiled plan into the catalog. */
import { putPlan } from '../../catalog/plans.ts';
import { checkPlan } from '../check-plan.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { planAnswerSchema, postPlanSchema } from '../schemas/plans.ts';
import type { ServerParts } from '../server-parts.ts';

export function addPlanRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/plans',
      role: 'operator',
      summary: 'Store a compiled plan',
      body: postPlanSchema,
      answer: planAnswerSchema,
      maxBytes: 32 * 1024 * 1024,
    },
    async ({ who, body }) => {
      const plan = checkPlan(body.plan, body.hash);
      await putPlan(parts.catalog.db, { project: parts.config.project, hash: body.hash, plan, by: who.name, at: Date.now() });
      return { hash: body.hash };
    },
  );
}
