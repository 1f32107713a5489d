/** GET /doctor: what the server sees of the outside parts it needs. */
import { z } from '@hono/zod-openapi';
import { sql } from 'kysely';
import { withoutPassword } from '../../catalog/catalog.ts';
import { listWorkers } from '../../catalog/workers.ts';
import type { DoctorCheck } from '../../dsl/contract/api.ts';
import { isLoopback } from '../auth/listener.ts';
import { hasRole } from '../auth/tokens.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import type { ServerParts } from '../server-parts.ts';

const check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), fix: z.string().nullable() });

export function addDoctorRoutes(app: Api, parts: ServerParts): void {
  addEndpoint(
    app,
    { method: 'get', path: '/doctor', role: 'viewer', summary: 'What the server sees of its outside parts', answer: z.object({ checks: z.array(check) }) },
    async ({ who }) => ({
      checks: [
        ...(await Promise.all([temporal(parts), catalog(parts), store(parts, hasRole(who, 'operator')), workers(parts), ...tracker(parts)])),
        ...plaintext(parts),
      ],
    }),
  );
}

async function probe(name: string, fix: string, look: () => Promise<string>): Promise<DoctorCheck> {
  try {
    return { name, ok: true, detail: await look(), fix: null };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error), fix };
  }
}

function temporal({ config, temporal: client }: ServerParts): Promise<DoctorCheck> {
  return probe('temporal', 'Check temporal.address (HEDDLE_TEMPORAL_ADDRESS) and that Temporal runs.', async () => {
    await client.withDeadline(Date.now() + 3_000, () => client.workflowService.getSystemInfo({}));
    return `${config.temporal.address}, namespace ${config.temporal.namespace}`;
  });
}

/** An API key turns TLS on by itself. */
function plaintext({ config: { temporal: way } }: ServerParts): DoctorCheck[] {
  const host = way.address.replace(/:\d+$/, '');
  if (way.tls || way.apiKey !== null || isLoopback(host)) return [];
  const detail = `plaintext to another host, ${host}: everybody on the way can read and write`;
  return [{ name: 'temporal way', ok: false, detail, fix: 'Set temporal.tls in heddle.config.ts.' }];
}

function catalog({ catalog: handle, config }: ServerParts): Promise<DoctorCheck> {
  return probe('catalog', 'Check `catalog` (HEDDLE_CATALOG).', async () => {
    await sql`select 1`.execute(handle.db);
    return withoutPassword(config.catalog);
  });
}

/** Whoever may only look makes the server look only. */
function store({ store: files, config }: ServerParts, mayWrite: boolean): Promise<DoctorCheck> {
  return probe('store', 'Check storage.root (HEDDLE_STORAGE_ROOT) and that the server may write there.', async () => {
    await files.list('store://runs');
    if (!mayWrite) return `${config.storageRoot} can be read`;
    const uri = `store://doctor/server-${process.pid}-${Date.now()}.txt`;
    await files.write(uri, Buffer.from('heddle doctor'));
    await files.remove(uri);
    return `${config.storageRoot} can be read and written`;
  });
}

function tracker({ config: { tracking } }: ServerParts): Promise<DoctorCheck>[] {
  if (!tracking) return [];
  const { url, experiment } = tracking.mlflow;
  return [
    probe('tracker', 'Check tracking.mlflow.url and that MLflow runs. Until it does, what is tracked waits in the store.', async () => {
      const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(3_000) });
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
      return `MLflow at ${url}, experiment ${experiment}`;
    }),
  ];
}

async function workers({ catalog: handle, config }: ServerParts): Promise<DoctorCheck> {
  const here = await listWorkers(handle.db, config.project, Date.now());
  const missing = Object.keys(config.pools).filter((pool) => !here.some((worker) => worker.pool === pool && !worker.draining));
  if (missing.length === 0) return { name: 'workers', ok: true, detail: here.map((worker) => `${worker.worker} (${worker.pool})`).join(', '), fix: null };
  return {
    name: 'workers',
    ok: false,
    detail: `no worker in pool ${missing.join(', ')}`,
    fix: missing.map((pool) => `heddle worker --pool ${pool}`).join('; '),
  };
}
