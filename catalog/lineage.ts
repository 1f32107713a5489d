/**
 * What runs read and made: rows of (run, step, in or out, thing). A thing is a partition with its manifest, a model version, a
 * file or table beyond the project, or a version of a cache. Written once a run and retry, after its end. Server only.
 */
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';

export type ThingKind = 'partition' | 'slice' | 'model' | 'file' | 'cache';
export interface Thing {
  readonly kind: ThingKind;
  /** Dataset, model, address of a file, cache. */
  readonly name: string;
  /** Path of the partition ('day=2001-03-01'), number of the model's version, version of the cache; '' for a file. */
  readonly version: string;
  /** Of manifest, weights or content; '' where there is none. */
  readonly digest: string;
}
export interface LineageFact extends Thing {
  readonly runId: string;
  /** '' for what the run as a whole was given: its parameters. */
  readonly step: string;
  readonly io: 'in' | 'out';
  /** ms since the epoch. */
  readonly at: number;
}

/** Marks the run as known; the same facts again change nothing. In the caller's transaction. */
export async function writeLineage(
  db: CatalogDb,
  run: { readonly project: string; readonly runId: string; readonly retry: number },
  facts: readonly LineageFact[],
  at: number,
): Promise<void> {
  await inChunks(facts, (some) =>
    db
      .insertInto('lineage')
      .values(some.map(({ runId, ...fact }) => ({ project: run.project, run_id: runId, ...fact })))
      .onConflict((on) => on.columns(['run_id', 'step', 'io', 'kind', 'name', 'version', 'digest']).doNothing())
      .execute(),
  );
  await db
    .insertInto('run_lineage')
    .values({ run_id: run.runId, retry: run.retry, at })
    .onConflict((on) => on.columns(['run_id', 'retry']).doNothing())
    .execute();
}

/** Ids of ended runs whose lineage is not written yet, those first that ended first. */
export async function runsWithoutLineage(db: CatalogDb, project: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('runs')
    .leftJoin('run_lineage', (join) => join.onRef('run_lineage.run_id', '=', 'runs.run_id').onRef('run_lineage.retry', '=', 'runs.retry'))
    .select('runs.run_id')
    .where('runs.project', '=', project)
    .where('runs.status', 'in', ['done', 'failed', 'cancelled'])
    .where('run_lineage.at', 'is', null)
    .orderBy('runs.ended_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.run_id);
}

/** Who made (out) or read (in) a thing, newest first. A digest of '' matches any. */
export async function factsAbout(db: CatalogDb, project: string, thing: Thing, io: 'in' | 'out'): Promise<LineageFact[]> {
  let query = db
    .selectFrom('lineage')
    .selectAll()
    .where('project', '=', project)
    .where('kind', '=', thing.kind)
    .where('name', '=', thing.name)
    .where('version', '=', thing.version)
    .where('io', '=', io);
  if (thing.digest !== '') query = query.where('digest', '=', thing.digest);
  return (await query.orderBy('at', 'desc').orderBy('run_id', 'desc').execute()).map(factOf);
}

export async function factsOfRun(db: CatalogDb, runId: string): Promise<LineageFact[]> {
  return (await db.selectFrom('lineage').selectAll().where('run_id', '=', runId).orderBy('kind').orderBy('name').orderBy('version').execute()).map(factOf);
}

/** The version of a cache that is named 'NAME@VERSION', or 'NAME': the one that was served last. */
export async function cacheOfRuns(db: CatalogDb, project: string, reference: string): Promise<Thing | undefined> {
  const at = reference.lastIndexOf('@');
  const made = db.selectFrom('lineage').selectAll().where('project', '=', project).where('kind', '=', 'cache').where('io', '=', 'out');
  const exact = at < 1 ? undefined : made.where('name', '=', reference.slice(0, at)).where('version', '=', reference.slice(at + 1));
  const row = (await exact?.limit(1).executeTakeFirst()) ?? (await made.where('name', '=', reference).orderBy('at', 'desc').limit(1).executeTakeFirst());
  return row && { kind: 'cache', name: row.name, version: row.version, digest: row.digest };
}

/** Names of the caches that runs have served, sorted. */
export async function cachesOfRuns(db: CatalogDb, project: string): Promise<string[]> {
  const rows = await db.selectFrom('lineage').select('name').distinct().where('project', '=', project).where('kind', '=', 'cache').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

const factOf = (row: {
  run_id: string;
  step: string;
  io: 'in' | 'out';
  kind: string;
  name: string;
  version: string;
  digest: string;
  at: number;
}): LineageFact => ({
  runId: row.run_id,
  step: row.step,
  io: row.io,
  kind: row.kind as ThingKind, // written by this file only
  name: row.name,
  version: row.version,
  digest: row.digest,
  at: row.at,
});

/** Partitions that steps read, given as 'run/step'. */
export async function* readsOfSteps(
  db: CatalogDb,
  steps: readonly string[],
): AsyncGenerator<Pick<LineageFact, 'runId' | 'step' | 'name' | 'version' | 'digest'>> {
  const wanted = new Set(steps);
  const runs = [...new Set(steps.map((step) => step.slice(0, step.indexOf('/'))))];
  for (let first = 0; first < runs.length; first += 100) {
    const rows = await db
      .selectFrom('lineage')
      .select(['run_id', 'step', 'name', 'version', 'digest'])
      .where('run_id', 'in', runs.slice(first, first + 100))
      .where('io', '=', 'in')
      .where('kind', '=', 'partition')
      .execute();
    for (const row of rows)
      if (wanted.has(`${row.run_id}/${row.step}`)) yield { runId: row.run_id, step: row.step, name: row.name, version: row.version, digest: row.digest };
  }
}
