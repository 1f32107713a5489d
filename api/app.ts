/** The HTTP API: checks, then routes, then one way to answer errors. Made by workers/server.ts; tests call it in process. */
import { join } from 'node:path';
import { OpenAPIHono } from '@hono/zod-openapi';
import { countRuns } from '../catalog/runs.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { checkOrigin, isLoopback } from './auth/listener.ts';
import { identify, requireRole, type TokenEntry } from './auth/tokens.ts';
import type { Api, ApiEnv } from './endpoint.ts';
import { errorAnswer } from './error-answer.ts';
import { createLogFiles } from './logs/log-files.ts';
import { createLiveView } from './runs/live-view.ts';
import { addApprovalRoutes } from './routes/approvals.ts';
import { addBackfillRoutes } from './routes/backfills.ts';
import { addCatalogRoutes } from './routes/catalog.ts';
import { addDeploymentRoutes } from './routes/deployments.ts';
import { addDoctorRoutes } from './routes/doctor.ts';
import { addLineageRoutes } from './routes/lineage.ts';
import { addGcRoutes } from './routes/gc.ts';
import { addModelRoutes } from './routes/models.ts';
import { addPartitionRoutes } from './routes/partitions.ts';
import { addPlanRoutes } from './routes/plans.ts';
import { addRunControlRoutes } from './routes/run-control.ts';
import { addRunRoutes } from './routes/runs.ts';
import { addScheduleRoutes } from './routes/schedules.ts';
import { addTriggerRoutes } from './routes/triggers.ts';
import { addWorkerRoutes } from './routes/workers.ts';
import type { ServerParts } from './server-parts.ts';

export const API_BASE = '/api/v1';

/** Paths that need no token: they tell nothing about runs. */
const open = new Set(['/health', '/openapi.json', `${API_BASE}/health`, `${API_BASE}/openapi.json`]);
/** On the loopback these need none either: scrapers have no tokens. */
const figures = new Set(['/metrics', `${API_BASE}/metrics`]);

export function createApp(parts: ServerParts, tokens: readonly TokenEntry[]): Api {
  const app = new OpenAPIHono<ApiEnv>();
  const { server } = parts.config;

  app.onError((error, c) => {
    const { status, body } = errorAnswer(error, (unknown) => parts.log.error({ err: unknown, path: c.req.path }, 'a request failed'));
    return c.newResponse(JSON.stringify(body), status as 500, { 'content-type': 'application/json' }); // hono types statuses as a union
  });
  app.notFound((c) => {
    throw new HeddleError('HDL-NO-ROUTE', { what: `There is no ${c.req.method} ${c.req.path}.` });
  });

  app.use(async (c, next) => {
    const started = performance.now();
    await next();
    parts.metrics.requests.observe({ method: c.req.method, status: String(c.res.status) }, (performance.now() - started) / 1000);
  });
  app.use(async (c, next) => {
    checkOrigin(server, c.req.header('host'), c.req.header('origin'));
    if (open.has(c.req.path) || (figures.has(c.req.path) && isLoopback(server.host))) return next();
    c.set('who', identify(c.req.header('authorization'), tokens));
    return next();
  });

  const api = new OpenAPIHono<ApiEnv>();
  const live = createLiveView(parts.temporal);
  const logs = createLogFiles(join(parts.config.stateFolder, 'logs'));
  addPlanRoutes(api, parts);
  addRunRoutes(api, parts, live, logs);
  addRunControlRoutes(api, parts);
  addApprovalRoutes(api, parts);
  addBackfillRoutes(api, parts);
  addDeploymentRoutes(api, parts);
  addScheduleRoutes(api, parts);
  addTriggerRoutes(api, parts);
  addModelRoutes(api, parts);
  addLineageRoutes(api, parts);
  addPartitionRoutes(api, parts);
  addWorkerRoutes(api, parts, logs);
  addCatalogRoutes(api, parts);
  addGcRoutes(api, parts);
  addDoctorRoutes(api, parts);
  app.route(API_BASE, api);

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  const about = { openapi: '3.1.0', info: { title: 'Heddle', version: '1' } };
  for (const base of ['', API_BASE]) {
    app.doc31(`${base}/openapi.json`, about);
    app.get(`${base}/health`, (c) => c.json({ ok: true, project: parts.config.project }));
    app.get(`${base}/metrics`, async (c) => {
      if (!isLoopback(server.host)) requireRole(c.get('who'), 'viewer');
      parts.metrics.runs.reset();
      for (const [status, count] of Object.entries(await countRuns(parts.catalog.db, parts.config.project))) parts.metrics.runs.set({ status }, count);
      return c.text(`${await parts.metrics.registry.metrics()}\n${await parts.metrics.sdk()}`, 200, { 'content-type': parts.metrics.registry.contentType });
    });
  }
  return app;
}
