/** /models: the registry as people see it. */
import { z } from '@hono/zod-openapi';
import { aliasHistory, listModels, listVersions } from '../../catalog/models.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { closestName } from '../../config/closest-name.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { jsonObjectSchema } from '../schemas/json.ts';
import type { ServerParts } from '../server-parts.ts';

const entry = z.object({ name: z.string(), createdAt: z.number(), latest: z.string().nullable(), aliases: z.record(z.string(), z.string()) }).openapi('Model');

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
      answer: entry.extend({ versions: z.array(jsonObjectSchema), history: z.array(jsonObjectSchema) }),
    },
    async ({ at }) => {
      const models = await listModels(parts.catalog.db, project);
      const model = models.find((item) => item.name === at('name'));
      if (!model) {
        const near = closestName(
          at('name'),
          models.map((item) => item.name),
        );
        throw new HeddleError('HDL-NO-MODEL', { what: `There is no model ${at('name')}.${near === undefined ? '' : ` Did you mean "${near}"?`}` });
      }
      return {
        ...model,
        versions: await listVersions(parts.catalog.db, project, model.name),
        history: await aliasHistory(parts.catalog.db, project, model.name),
      };
    },
  );
}
