/** Workers as they last said hello. A worker is here while it was heard in the last 30 s. Server only. */
import type { WorkerHello } from '../dsl/contract/api.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';

export const WORKER_SILENCE_MS = 30_000;

export async function putWorker(db: CatalogDb, project: string, hello: WorkerHello, at: number): Promise<void> {
  const row = { project, hello: toColumn(hello), seen_at: at };
  await db
    .insertInto('workers')
    .values({ worker: hello.worker, ...row })
    .onConflict((on) => on.column('worker').doUpdateSet(row))
    .execute();
}

export async function listWorkers(db: CatalogDb, project: string, now: number): Promise<WorkerHello[]> {
  const rows = await db
    .selectFrom('workers')
    .select('hello')
    .where('project', '=', project)
    .where('seen_at', '>', now - WORKER_SILENCE_MS)
    .orderBy('worker')
    .execute();
  return rows.map((row) => fromColumn<WorkerHello>(row.hello));
}

export async function forgetWorkers(db: CatalogDb, before: number): Promise<void> {
  await db.deleteFrom('workers').where('seen_at', '<', before).execute();
}
