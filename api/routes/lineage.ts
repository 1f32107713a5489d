/** /lineage: what a partition, a model or a cache was made of, and what was made of it. */
import { z } from '@hono/zod-openapi';
import { addEndpoint, type Api } from '../endpoint.ts';
import { thingNamed } from '../lineage/reference.ts';
import { traceLineage } from '../lineage/trace.ts';
import type { ServerParts } from '../server-parts.ts';

const maker = z.object({
  runId: z.string(),
  pipeline: z.string(),
  partition: z.string().nullable(),
  step: z.string(),
  task: z.string().nullable(),
  version: z.string().nullable(),
  code: z.string().nullable(),
  at: z.number(),
});
const graph = z
  .object({
    root: z.string(),
    nodes: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['partition', 'slice', 'model', 'file', 'cache']),
        name: z.string(),
        version: z.string(),
        digest: z.string(),
        made: maker.nullable(),
      }),
    ),
    edges: z.array(z.object({ from: z.string(), to: z.string(), runId: z.string() })),
    cut: z.boolean(),
  })
  .openapi('Lineage');

export function addLineageRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'get',
      path: '/lineage',
      role: 'viewer',
      summary: 'What a partition (DATASET@PARTITION), a model (model:NAME@VERSION) or a cache (cache:NAME@VERSION) was made of, and what was made of it',
      query: z.object({
        of: z.string().min(1),
        direction: z.enum(['up', 'down', 'both']).default('both'),
        depth: z.coerce.number().int().min(1).max(50).default(10),
      }),
      answer: graph,
    },
    async ({ query: { of, direction, depth } }) =>
      traceLineage(parts, await thingNamed(parts, of), { up: direction !== 'down', down: direction !== 'up', depth }),
  );
}
