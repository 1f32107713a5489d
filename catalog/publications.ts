/**
 * Generations of partitions: the number that the server gives out for each publish of a partition, the fencing token of its
 * commit, and what became of it. The store is the truth for what lies where; this is the record beside it. Server only.
 */
import type { CatalogDb } from './catalog.ts';

export interface Publication {
  /** Root of the dataset, resolved. */
  readonly uri: string;
  /** 'day=2001-03-01'. */
  readonly path: string;
  readonly generation: number;
  readonly dataset: string;
  readonly kind: 'publish' | 'rollback';
  readonly runId: string | null;
  readonly step: string | null;
  /** Digest of the manifest. */
  readonly manifest: string;
  readonly rows: number;
  readonly bytes: number;
  /** ms since the epoch. */
  readonly issuedAt: number;
  /** null: not known to be in place. */
  readonly publishedAt: number | null;
  /** Of a rollback: who asked for it, and why. */
  readonly who: string | null;
  readonly note: string | null;
}
export type Wanted = Omit<Publication, 'generation' | 'publishedAt'> & { readonly staging: string };

/** Two servers may ask for the same number at once. */
const ROUNDS = 20;

/** The same staging gets the same number again; else one more than any known here, and more than `above`, the store's. */
export async function issueGeneration(db: CatalogDb, project: string, wanted: Wanted, above: () => Promise<number>): Promise<number> {
  for (let round = 1; ; round++) {
    const known = await db
      .selectFrom('publications')
      .select(['generation', 'staging'])
      .where('project', '=', project)
      .where('uri', '=', wanted.uri)
      .where('path', '=', wanted.path)
      .orderBy('generation', 'desc')
      .execute();
    const own = known.find(({ staging }) => staging === wanted.staging);
    if (own && wanted.kind === 'publish') return own.generation;
    const generation = 1 + Math.max(known[0]?.generation ?? 0, await above());
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('publications')
      .values({
        project,
        uri: wanted.uri,
        path: wanted.path,
        generation,
        dataset: wanted.dataset,
        kind: wanted.kind,
        run_id: wanted.runId,
        step: wanted.step,
        staging: wanted.staging,
        manifest: wanted.manifest,
        rows: wanted.rows,
        bytes: wanted.bytes,
        issued_at: wanted.issuedAt,
        published_at: null,
        who: wanted.who,
        note: wanted.note,
      })
      .onConflict((on) => on.columns(['project', 'uri', 'path', 'generation']).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return generation;
    if (round === ROUNDS) throw new Error(`no generation could be given out for ${wanted.uri}/${wanted.path}: ${ROUNDS} others were quicker`);
  }
}

/** One that a step has put in place. */
export interface NewlyPublished {
  readonly uri: string;
  readonly dataset: string;
  readonly path: string;
  readonly generation: number;
  readonly step: string;
  readonly manifest: string;
  readonly rows: number;
  readonly bytes: number;
  readonly at: number;
}
/** The steps of a run have ended well: the newest number that each of them got for a partition is in place, or was. Gives those. */
export async function markPublished(db: CatalogDb, runId: string, steps: readonly { readonly step: string; readonly at: number }[]): Promise<NewlyPublished[]> {
  if (steps.length === 0) return [];
  const at = new Map(steps.map((one) => [one.step, one.at]));
  const open = await db.selectFrom('publications').selectAll().where('run_id', '=', runId).where('published_at', 'is', null).orderBy('generation').execute();
  const newest = new Map(open.filter((row) => at.has(row.step ?? '')).map((row) => [`${row.step}\n${row.uri}\n${row.path}`, row]));
  const published: NewlyPublished[] = [];
  for (const row of newest.values()) {
    const step = row.step ?? '';
    const when = at.get(step) ?? row.issued_at;
    await markOne(db, row.project, row, when);
    published.push({
      uri: row.uri,
      dataset: row.dataset,
      path: row.path,
      generation: row.generation,
      step,
      manifest: row.manifest,
      rows: row.rows,
      bytes: row.bytes,
      at: when,
    });
  }
  return published;
}

export async function markOne(
  db: CatalogDb,
  project: string,
  at: { readonly uri: string; readonly path: string; readonly generation: number },
  publishedAt: number,
): Promise<void> {
  await db
    .updateTable('publications')
    .set({ published_at: publishedAt })
    .where('project', '=', project)
    .where('uri', '=', at.uri)
    .where('path', '=', at.path)
    .where('generation', '=', at.generation)
    .execute();
}

/** Of a dataset, or of one of its partitions: newest generation first. */
export async function listPublications(db: CatalogDb, project: string, dataset: string, path?: string): Promise<Publication[]> {
  let query = db.selectFrom('publications').selectAll().where('project', '=', project).where('dataset', '=', dataset);
  if (path !== undefined) query = query.where('path', '=', path);
  return (await query.orderBy('path').orderBy('generation', 'desc').execute()).map((row) => ({
    uri: row.uri,
    path: row.path,
    generation: row.generation,
    dataset: row.dataset,
    kind: row.kind as Publication['kind'], // written above
    runId: row.run_id,
    step: row.step,
    manifest: row.manifest,
    rows: row.rows,
    bytes: row.bytes,
    issuedAt: row.issued_at,
    publishedAt: row.published_at,
    who: row.who,
    note: row.note,
  }));
}
