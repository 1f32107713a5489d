/** /runs: starting runs and looking at them. */
import { z } from '@hono/zod-openapi';
import { getPlan } from '../../catalog/plans.ts';
import { getRun, listRuns, summaryOf } from '../../catalog/runs.ts';
import { listAttempts } from '../../catalog/step-events.ts';
import { listAudit } from '../../catalog/audit.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import type { LogFiles } from '../logs/log-files.ts';
import { withLogged } from '../logs/logged-attempts.ts';
import { readLogs } from '../logs/read-logs.ts';
import { explainStep } from '../runs/explain.ts';
import type { LiveView } from '../runs/live-view.ts';
import { isOver, requireRun, runDetail, runSteps, runSummary } from '../runs/run-detail.ts';
import { startRun } from '../runs/start-run.ts';
import { jsonObjectSchema, limitSchema, pageOf } from '../schemas/json.ts';
import {
  attemptSchema,
  explanationSchema,
  logLineSchema,
  runDetailSchema,
  runStatusSchema,
  runSummarySchema,
  startRunSchema,
  stepRecordSchema,
} from '../schemas/runs.ts';
import type { ServerParts } from '../server-parts.ts';

const cursor = z.string().max(200).optional();

export function addRunRoutes(app: Api, parts: ServerParts, live: LiveView, logs: LogFiles): void {
  addEndpoint(
    app,
    { method: 'post', path: '/runs', role: 'operator', summary: 'Start a run', body: startRunSchema, answer: runSummarySchema },
    ({ who, body }) => {
      const { key, cache, part, ...rest } = body;
      return startRun(parts, who, {
        ...rest,
        ...(key !== undefined && { key }),
        ...(cache !== undefined && { cache }),
        ...(part && {
          part: {
            ...(part.from !== undefined && { from: part.from }),
            ...(part.to !== undefined && { to: part.to }),
            ...(part.reuse !== undefined && { reuse: part.reuse }),
          },
        }),
      });
    },
  );

  addEndpoint(
    app,
    {
      method: 'get',
      path: '/runs',
      role: 'viewer',
      summary: 'Runs, newest first',
      answer: pageOf(runSummarySchema),
      query: z.object({
        pipeline: z.string().optional(),
        status: runStatusSchema.optional(),
        partition: z.string().optional(),
        backfill: z.string().optional(),
        limit: limitSchema(500, 50),
        cursor,
      }),
    },
    async ({ query }) => {
      const page = await listRuns(parts.catalog.db, { project: parts.config.project, ...query });
      return { items: page.items.map(summaryOf), next: page.next };
    },
  );

  addEndpoint(
    app,
    { method: 'get', path: '/runs/{runId}', role: 'viewer', summary: 'A run with its first 200 steps', answer: runDetailSchema },
    async ({ at }) => runDetail(parts, live, await requireRun(parts, at('runId'))),
  );

  addEndpoint(
    app,
    {
      method: 'get',
      path: '/runs/{runId}/steps',
      role: 'viewer',
      summary: 'Steps of a run, in the order of their first appearance',
      answer: pageOf(stepRecordSchema),
      query: z.object({ cursor: z.string().regex(/^\d+$/).optional(), limit: limitSchema(1_000, 200) }),
    },
    async ({ at, query }) => runSteps(parts, live, await requireRun(parts, at('runId')), query),
  );

  addEndpoint(
    app,
    {
      method: 'get',
      path: '/runs/{runId}/wait',
      role: 'viewer',
      summary: 'The run when it has ended, or after the time',
      answer: runSummarySchema,
      query: z.object({ timeoutMs: z.coerce.number().int().min(0).max(60_000).default(25_000) }),
    },
    async ({ at, query }) => {
      const until = Date.now() + query.timeoutMs;
      let run = await requireRun(parts, at('runId'));
      for (let pause = 20; !isOver(run) && Date.now() < until; pause = Math.min(150, pause * 1.3)) {
        await new Promise((resolve) => setTimeout(resolve, Math.min(pause, Math.max(0, until - Date.now()))));
        run = (await getRun(parts.catalog.db, run.runId)) ?? run;
      }
      return runSummary(live, run);
    },
  );

  addEndpoint(
    app,
    {
      method: 'get',
      path: '/runs/{runId}/explain',
      role: 'viewer',
      summary: 'Why a step waits, ran or was left out',
      answer: explanationSchema,
      query: z.object({ step: z.string().min(1) }),
    },
    async ({ at, query }) => explainStep(parts, live, await requireRun(parts, at('runId')), query.step),
  );

  addEndpoint(
    app,
    {
      method: 'get',
      path: '/runs/{runId}/logs',
      role: 'viewer',
      summary: 'Log lines of a step',
      answer: pageOf(logLineSchema),
      query: z.object({
        step: z.string().min(1),
        retry: z.coerce.number().int().min(0).optional(),
        attempt: z.coerce.number().int().min(1).optional(),
        after: z.coerce.number().int().min(0).default(0),
      }),
    },
    async ({ at, query }) => {
      const run = await requireRun(parts, at('runId'));
      return readLogs(parts, logs, { runId: run.runId, over: isOver(run), ...query });
    },
  );

  addEndpoint(
    app,
    {
      method: 'get',
      path: '/runs/{runId}/attempts',
      role: 'viewer',
      summary: 'All attempts of a run in the order of its tries, of one step or of all',
      answer: z.object({ items: z.array(attemptSchema) }),
      query: z.object({ step: z.string().min(1).optional() }),
    },
    async ({ at, query }) => {
      const run = await requireRun(parts, at('runId'));
      const known = await listAttempts(parts.catalog.db, run.runId, query.step);
      return { items: query.step === undefined ? known : await withLogged(parts, logs, { runId: run.runId, step: query.step }, known) };
    },
  );

  addEndpoint(
    app,
    { method: 'get', path: '/runs/{runId}/plan', role: 'viewer', summary: 'The plan that the run follows', answer: jsonObjectSchema },
    async ({ at }) => {
      const run = await requireRun(parts, at('runId'));
      return (await getPlan(parts.catalog.db, run.planHash)) ?? null;
    },
  );

  addEndpoint(
    app,
    { method: 'get', path: '/runs/{runId}/audit', role: 'viewer', summary: 'Who did what to the run', answer: z.object({ items: z.array(jsonObjectSchema) }) },
    async ({ at }) => {
      const run = await requireRun(parts, at('runId'));
      return { items: await listAudit(parts.catalog.db, run.project, run.runId) };
    },
  );
}
