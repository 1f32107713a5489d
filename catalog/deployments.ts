/** What is applied: which plan each pipeline has for schedules, triggers and backfills. Every version is kept. Server only. */
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';

export interface Deployment {
  /** From 1. */
  readonly version: number;
  /** Pipeline -> plan hash. */
  readonly plans: Readonly<Record<string, string>>;
  readonly at: number;
  readonly who: string;
  readonly note: string | null;
}

/** Undefined before anything was applied. */
export async function currentDeployment(db: CatalogDb, project: string): Promise<Deployment | undefined> {
  const row = await db.selectFrom('deployments').selectAll().where('project', '=', project).orderBy('version', 'desc').limit(1).executeTakeFirst();
  return row && { ...row, plans: fromColumn(row.plans) };
}

/** Pipeline -> plan hash; {} before anything was applied. */
export const currentPlans = async (db: CatalogDb, project: string): Promise<Readonly<Record<string, string>>> =>
  (await currentDeployment(db, project))?.plans ?? {};

export async function getDeployment(db: CatalogDb, project: string, version: number): Promise<Deployment | undefined> {
  const row = await db.selectFrom('deployments').selectAll().where('project', '=', project).where('version', '=', version).executeTakeFirst();
  return row && { ...row, plans: fromColumn(row.plans) };
}

/** Newest first. */
export async function listDeployments(db: CatalogDb, project: string, limit: number): Promise<Deployment[]> {
  const rows = await db.selectFrom('deployments').selectAll().where('project', '=', project).orderBy('version', 'desc').limit(limit).execute();
  return rows.map((row) => ({ ...row, plans: fromColumn(row.plans) }));
}

/** Two at once: the second fails on the key, and its caller tries again. */
export async function addDeployment(db: CatalogDb, project: string, deployment: Deployment): Promise<void> {
  await db
    .insertInto('deployments')
    .values({ project, version: deployment.version, plans: toColumn(deployment.plans), at: deployment.at, who: deployment.who, note: deployment.note })
    .execute();
}
