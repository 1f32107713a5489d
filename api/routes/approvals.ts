/** GET /approvals: gates that wait for an answer. */
import { openGates } from '../../catalog/waits.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { pageOf } from '../schemas/json.ts';
import { openGateSchema } from '../schemas/runs.ts';
import type { ServerParts } from '../server-parts.ts';

export function addApprovalRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    { method: 'get', path: '/approvals', role: 'viewer', summary: 'Approvals that wait for an answer, oldest first', answer: pageOf(openGateSchema) },
    async () => ({
      items: await openGates(parts.catalog.db, parts.config.project, Date.now(), 500),
      next: null,
    }),
  );
}
