/** POST /catalog/rebuild: restores the catalog from the files that runs left in the store. */
import { z } from '@hono/zod-openapi';
import { addAudit } from '../../catalog/audit.ts';
import { rebuildCatalog } from '../../catalog/rebuild.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import type { ServerParts } from '../server-parts.ts';

export function addCatalogRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/catalog/rebuild',
      role: 'admin',
      summary: 'Restore the catalog from the store',
      body: z.strictObject({}),
      answer: z.object({ runs: z.number(), models: z.number(), bad: z.number() }),
    },
    async ({ who }) => {
      const result = await rebuildCatalog(parts);
      await addAudit(parts.catalog.db, {
        project: parts.config.project,
        at: Date.now(),
        who: who.name,
        action: 'catalog rebuild',
        target: 'catalog',
        detail: result,
      });
      return result;
    },
  );
}
