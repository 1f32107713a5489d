/** /models: the registry as people see it, and what they may do to it: promote, roll back, import. */
import { z } from '@hono/zod-openapi';
import { listModels } from '../../catalog/models.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { importModel } from '../models/import-model.ts';
import { modelView, versionView } from '../models/model-view.ts';
import { promoteByHand } from '../models/promote-model.ts';
import { rollbackModel } from '../models/rollback-model.ts';
import { jsonObjectSchema } from '../schemas/json.ts';
import { runSummarySchema } from '../schemas/runs.ts';
import type { ServerParts } from '../server-parts.ts';

const entry = z.object({ name: z.string(), createdAt: z.number(), latest: z.string().nullable(), aliases: z.record(z.string(), z.string()) }).openapi('Model');
const change = z
  .object({
    name: z.string(),
    alias: z.string(),
    from: z.string().nullable(),
    to: z.string(),
    by: z.string(),
    at: z.number(),
    runId: z.string().nullable(),
    step: z.string().nullable(),
    note: z.string().nullable(),
  })
  .openapi('AliasChange');
const alias = z.string().min(1).default('champion');
const note = z.string().max(2_000).optional();
/** About 190 MiB of weights. */
const IMPORT_BYTES = 256 * 1024 * 1024;

export function addModelRoutes(app: Api, parts: ServerParts): void {
  const { project } = parts.config;
  addEndpoint(
    app,
    { method: 'get', path: '/models', role: 'viewer', summary: 'Models with their newest version and aliases', answer: z.object({ models: z.array(entry) }) },
    async () => ({ models: await listModels(parts.catalog.db, project) }),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/models/{name}',
      role: 'viewer',
      summary: 'One model: versions, newest first, aliases and their history',
      answer: entry.extend({ versions: z.array(jsonObjectSchema), history: z.array(change) }),
    },
    ({ at }) => modelView(parts, at('name')),
  );
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/models/{name}/versions/{tag}',
      role: 'viewer',
      summary: 'One version, by number or alias: metrics, slices, input schema, range profile, digests, history',
      answer: jsonObjectSchema,
    },
    ({ at }) => versionView(parts, at('name'), at('tag')),
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/models/{name}/promote',
      role: 'operator',
      summary: 'Point an alias at a version, by compare-and-set',
      body: z.strictObject({ version: z.string().min(1), alias, expect: z.string().nullable().optional(), note }),
      answer: change,
    },
    ({ who, at, body }) => promoteByHand(parts, who, { name: at('name'), ...body }),
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/models/{name}/rollback',
      role: 'operator',
      summary: 'Take an alias back, and run again with the earlier version what was handed the later one',
      body: z.strictObject({ alias, to: z.string().optional(), note, handOver: z.boolean().default(true) }),
      answer: z.object({
        change,
        cancelled: z.array(z.string()),
        started: z.array(runSummarySchema),
        failed: z.array(z.object({ pipeline: z.string(), why: z.string() })),
      }),
    },
    ({ who, at, body }) => rollbackModel(parts, who, { name: at('name'), ...body }),
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/models/{name}/import',
      role: 'operator',
      summary: 'Register an ONNX file that was trained elsewhere',
      body: z.strictObject({
        onnx: z.base64(),
        digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
        meta: jsonObjectSchema.nullable().default(null),
        parity: jsonObjectSchema,
        note,
      }),
      maxBytes: IMPORT_BYTES,
      answer: jsonObjectSchema,
    },
    ({ who, at, body }) => importModel(parts, who, { name: at('name'), ...body }),
  );
}
