/** The message about the end of a run, written down in the transaction that ends it. Server only. */
import type { CatalogDb } from '../../catalog/catalog.ts';
import { getRun, summaryOf } from '../../catalog/runs.ts';
import type { Json } from '../../dsl/plan/types.ts';
import type { ServerParts } from '../server-parts.ts';

export async function notifyEnd(parts: Pick<ServerParts, 'notify'>, db: CatalogDb, runId: string): Promise<void> {
  const run = await getRun(db, runId);
  if (run?.status !== 'failed' && run?.status !== 'done') return;
  await parts.notify(db, run.status, `${run.runId}/${run.retry}`, { ...summaryOf(run), failures: run.failures } as unknown as Json); // a summary is plain JSON
}
