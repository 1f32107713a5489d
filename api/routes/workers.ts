/** /workers and /events: what workers push. Best effort; nothing depends on it. */
import { z } from '@hono/zod-openapi';
import { putEvents, type ObservedEvent } from '../../catalog/step-events.ts';
import { listWorkers, putWorker } from '../../catalog/workers.ts';
import type { LogLine, StepEvent } from '../../dsl/contract/api.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import type { LogFiles } from '../logs/log-files.ts';
import { okSchema } from '../schemas/json.ts';
import { stepEventsSchema, workerHelloSchema } from '../schemas/workers.ts';
import type { ServerParts } from '../server-parts.ts';

export function addWorkerRoutes(app: Api, parts: ServerParts, logs: LogFiles): void {
  addEndpoint(
    app,
    { method: 'post', path: '/workers', role: 'worker', summary: 'A worker says that it is here', body: workerHelloSchema, answer: okSchema },
    async ({ body }) => {
      await putWorker(parts.catalog.db, parts.config.project, body, Date.now());
      return { ok: true };
    },
  );
  addEndpoint(
    app,
    { method: 'get', path: '/workers', role: 'viewer', summary: 'Workers heard in the last 30 s', answer: z.object({ workers: z.array(workerHelloSchema) }) },
    async () => ({
      workers: await listWorkers(parts.catalog.db, parts.config.project, Date.now()),
    }),
  );
  addEndpoint(
    app,
    {
      method: 'post',
      path: '/events',
      role: 'worker',
      summary: 'Events of running steps, in batches',
      body: stepEventsSchema,
      answer: okSchema,
      maxBytes: 8 * 1024 * 1024,
    },
    async ({ body }) => {
      const { observed, lines } = sort(body.events as readonly StepEvent[]); // parsed: the schema only lacks `exactOptional` of LogLine.fields
      if (observed.length > 0) await parts.catalog.transaction((trx) => putEvents(trx, observed));
      for (const [runId, some] of lines) await logs.append(runId, some);
      return { ok: true };
    },
  );
}

function sort(events: readonly StepEvent[]): { observed: ObservedEvent[]; lines: Map<string, LogLine[]> } {
  const observed: ObservedEvent[] = [];
  const lines = new Map<string, LogLine[]>();
  for (const event of events) {
    if (event.kind !== 'log') {
      observed.push(event);
      continue;
    }
    const some = lines.get(event.runId);
    if (some) some.push(event.line);
    else lines.set(event.runId, [event.line]);
  }
  return { observed, lines };
}
