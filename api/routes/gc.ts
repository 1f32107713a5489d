/** POST /gc: what nobody needs any more, listed or removed. */
import { z } from '@hono/zod-openapi';
import { addAudit } from '../../catalog/audit.ts';
import { retentionOf } from '../../config/retention.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { collectGarbage } from '../gc/collect-garbage.ts';
import type { ServerParts } from '../server-parts.ts';

const item = z.object({ kind: z.string(), uri: z.string(), files: z.number(), bytes: z.number(), why: z.string() }).openapi('Garbage');
const failure = z.object({ uri: z.string(), why: z.string() });

export function addGcRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/gc',
      role: 'admin',
      summary: 'List what nobody needs any more, or remove it',
      body: z.strictObject({ dryRun: z.boolean() }),
      answer: z.object({
        dryRun: z.boolean(),
        items: z.array(item),
        logs: z.object({ files: z.number(), bytes: z.number() }),
        bytes: z.number(),
        failed: z.array(failure),
      }),
    },
    async ({ who, body: { dryRun } }) => {
      const report = await collectGarbage(parts, parts.config.retention ?? retentionOf(null), dryRun);
      const { project } = parts.config;
      const detail = { items: report.items.length, bytes: report.bytes, failed: report.failed.length };
      if (!dryRun) await addAudit(parts.catalog.db, { project, at: Date.now(), who: who.name, action: 'gc', target: 'store', detail });
      return report;
    },
  );
}
