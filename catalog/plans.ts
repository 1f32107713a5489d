/** Plans in the catalog: stored once under their hash. Server only. */
import type { DatasetDef, Plan } from '../dsl/plan/types.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';

/** Stores a plan whose hash was checked. Storing it again changes nothing. */
export async function putPlan(
  db: CatalogDb,
  entry: { readonly project: string; readonly hash: string; readonly plan: Plan; readonly by: string; readonly at: number },
): Promise<void> {
  await db
    .insertInto('plans')
    .values({
      hash: entry.hash,
      project: entry.project,
      name: entry.plan.name,
      owner: entry.plan.owner,
      plan: toColumn(entry.plan),
      created_at: entry.at,
      created_by: entry.by,
    })
    .onConflict((on) => on.column('hash').doNothing())
    .execute();
}

export async function getPlan(db: CatalogDb, hash: string): Promise<Plan | undefined> {
  const row = await db.selectFrom('plans').select('plan').where('hash', '=', hash).executeTakeFirst();
  return row && fromColumn<Plan>(row.plan);
}

/** Those of them that are there, by hash. */
export async function getPlans(db: CatalogDb, hashes: readonly string[]): Promise<Map<string, Plan>> {
  const found = new Map<string, Plan>();
  for (let first = 0; first < hashes.length; first += 500) {
    const rows = await db
      .selectFrom('plans')
      .select(['hash', 'plan'])
      .where('hash', 'in', hashes.slice(first, first + 500))
      .execute();
    for (const { hash, plan } of rows) found.set(hash, fromColumn<Plan>(plan));
  }
  return found;
}

/** Names of all pipelines that ever had a plan here. */
export async function planNames(db: CatalogDb, project: string): Promise<string[]> {
  const rows = await db.selectFrom('plans').select('name').distinct().where('project', '=', project).orderBy('name').execute();
  return rows.map((row) => row.name);
}

/** A dataset as the newest plan that has it declares it. */
export async function datasetNamed(db: CatalogDb, project: string, name: string): Promise<DatasetDef | undefined> {
  const rows = await db
    .selectFrom('plans')
    .select('plan')
    .where('project', '=', project)
    .where('plan', 'like', `%${JSON.stringify(name)}%`)
    .orderBy('created_at', 'desc')
    .orderBy('hash')
    .limit(100)
    .execute();
  for (const row of rows) {
    const found = fromColumn<Plan>(row.plan).contracts.datasets[name];
    if (found) return found;
  }
  return undefined;
}

/** Names of the datasets in each pipeline's newest plans. */
export async function datasetNames(db: CatalogDb, project: string): Promise<string[]> {
  const rows = await db.selectFrom('plans').select('plan').where('project', '=', project).orderBy('created_at', 'desc').limit(100).execute();
  return [...new Set(rows.flatMap((row) => Object.keys(fromColumn<Plan>(row.plan).contracts.datasets)))].sort();
}
