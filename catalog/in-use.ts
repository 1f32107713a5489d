/** What the runs that are not over hold: their ids, and everything the catalog has been told for them. Server only, for heddle gc. */
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';

export interface HeldByRuns {
  /** Runs that are not over, and whatever they called or started: their results may still be asked for. */
  readonly runIds: ReadonlySet<string>;
  /** Pins, results of waits, parameters and outputs of those runs, as JSON texts. */
  readonly texts: readonly string[];
  /** Partitions that those runs published: root, path, manifest. */
  readonly published: readonly { readonly uri: string; readonly path: string; readonly manifest: string }[];
}

export async function heldByRuns(db: CatalogDb, project: string): Promise<HeldByRuns> {
  const runIds = new Set<string>();
  const texts: string[] = [];
  const published: HeldByRuns['published'][number][] = [];
  const take = (rows: readonly { run_id: string; params: string; output: string }[]): string[] => {
    const fresh = rows.filter((row) => !runIds.has(row.run_id));
    for (const row of fresh) {
      runIds.add(row.run_id);
      texts.push(row.params, row.output);
    }
    return fresh.map((row) => row.run_id);
  };
  const runs = db.selectFrom('runs').select(['run_id', 'params', 'output']).where('project', '=', project);
  let added = take(await runs.where('status', 'in', ['starting', 'running', 'paused']).execute());
  while (added.length > 0) {
    const children: Awaited<ReturnType<typeof runs.execute>> = [];
    await inChunks(added, async (some) => void children.push(...(await runs.where('parent_run_id', 'in', some).execute())));
    added = take(children);
  }
  await inChunks([...runIds], async (some) => {
    for (const row of await db.selectFrom('pins').select('value').where('run_id', 'in', some).execute()) texts.push(row.value);
    for (const row of await db.selectFrom('waits').select('value').where('run_id', 'in', some).where('value', 'is not', null).execute())
      texts.push(row.value ?? '');
    for (const row of await db.selectFrom('steps').select('output').where('run_id', 'in', some).execute()) texts.push(row.output);
    published.push(...(await db.selectFrom('publications').select(['uri', 'path', 'manifest']).where('run_id', 'in', some).execute()));
  });
  return { runIds, texts, published };
}

/** Runs of these that ended before then. Unknown ones are none of them. */
export async function endedBefore(db: CatalogDb, runIds: readonly string[], before: number): Promise<Set<string>> {
  const found = new Set<string>();
  await inChunks(runIds, async (some) => {
    const rows = await db.selectFrom('runs').select(['run_id', 'ended_at']).where('run_id', 'in', some).execute();
    for (const row of rows) if (row.ended_at !== null && row.ended_at < before) found.add(row.run_id);
  });
  return found;
}

/** Addresses of all model versions. */
export async function modelUris(db: CatalogDb): Promise<string[]> {
  return (await db.selectFrom('model_versions').select('uri').execute()).map(({ uri }) => uri);
}
