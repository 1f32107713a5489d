/**
 * What lies in the store of each partition, in a compact form: what the planner compares. A cache of the store: a row that is
 * missing is read from there (api/backfills/sync-states.ts), so whoever changes a partition otherwise than by a run drops its row.
 * Server only.
 */
import type { CatalogDb } from './catalog.ts';
import { inChunks } from './in-chunks.ts';

export interface PartitionStateRow {
  /** 'day=2001-03-01'. */
  readonly path: string;
  readonly generation: number;
  /** Digest of the manifest; null: another system's partition. */
  readonly manifest: string | null;
  readonly task: string | null;
  readonly version: string | null;
  readonly codeDigest: string | null;
  /** 'run/step' that made it; null: not known. */
  readonly madeBy: string | null;
  /** ms since the epoch. */
  readonly publishedAt: number;
  /** When the first of its inputs was pinned, or before. */
  readonly pinnedAt: number;
  readonly rows: number;
  readonly bytes: number;
}

const PAGE = 20_000;

/** Newer generations win; the same again changes nothing. */
export async function putStates(db: CatalogDb, project: string, uri: string, states: readonly PartitionStateRow[]): Promise<void> {
  if (states.length === 0) return;
  const dataset = await datasetId(db, project, uri);
  const producers = new Map<string, number>();
  for (const state of states) {
    const name = producerName(state);
    if (!producers.has(name)) producers.set(name, await producerId(db, state));
  }
  const rows = states.map((state) => ({
    dataset,
    path: state.path,
    generation: state.generation,
    manifest: shortDigest(state.manifest),
    producer: producers.get(producerName(state)) ?? 0,
    made_by: state.madeBy,
    published_at: state.publishedAt,
    pinned_at: state.pinnedAt,
    rows: state.rows,
    bytes: state.bytes,
  }));
  await inChunks(rows, (some) =>
    db
      .insertInto('partition_states')
      .values(some)
      .onConflict((on) =>
        on
          .columns(['dataset', 'path'])
          .doUpdateSet((eb) => ({
            generation: eb.ref('excluded.generation'),
            manifest: eb.ref('excluded.manifest'),
            producer: eb.ref('excluded.producer'),
            made_by: eb.ref('excluded.made_by'),
            published_at: eb.ref('excluded.published_at'),
            pinned_at: eb.ref('excluded.pinned_at'),
            rows: eb.ref('excluded.rows'),
            bytes: eb.ref('excluded.bytes'),
          }))
          .whereRef('partition_states.generation', '<=', 'excluded.generation'),
      )
      .execute(),
  );
}

/** What the store says of them is to be read again. */
export async function dropStates(db: CatalogDb, project: string, uri: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const dataset = await datasetId(db, project, uri);
  await inChunks(paths, (some) => db.deleteFrom('partition_states').where('dataset', '=', dataset).where('path', 'in', some).execute());
}

/** All of a dataset, in the order of their paths, a page at a time. */
export async function* statesOf(db: CatalogDb, project: string, uri: string): AsyncGenerator<readonly PartitionStateRow[]> {
  const dataset = await datasetId(db, project, uri);
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('partition_states as s')
      .innerJoin('partition_producers as p', 'p.id', 's.producer')
      .select([
        's.path',
        's.generation',
        's.manifest',
        's.made_by',
        's.published_at',
        's.pinned_at',
        's.rows',
        's.bytes',
        'p.task',
        'p.version',
        'p.code_digest',
      ])
      .where('s.dataset', '=', dataset)
      .where('s.path', '>', after)
      .orderBy('s.path')
      .limit(PAGE)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => ({
      path: row.path,
      generation: row.generation,
      manifest: row.manifest === null ? null : longDigest(row.manifest),
      task: row.task === '' ? null : row.task,
      version: row.version === '' ? null : row.version,
      codeDigest: row.code_digest === '' ? null : row.code_digest,
      madeBy: row.made_by,
      publishedAt: Number(row.published_at),
      pinnedAt: Number(row.pinned_at),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
    }));
    if (rows.length < PAGE) return;
    after = last.path;
  }
}

/** Which of these are published, as far as the catalog knows. */
export async function publishedPaths(db: CatalogDb, project: string, uri: string, paths: readonly string[]): Promise<Set<string>> {
  const dataset = await datasetId(db, project, uri);
  const found = new Set<string>();
  await inChunks(paths, async (some) => {
    for (const { path } of await db.selectFrom('partition_states').select('path').where('dataset', '=', dataset).where('path', 'in', some).execute())
      found.add(path);
  });
  return found;
}

/** A row as it lies there: for many at once. */
export interface RawState {
  readonly path: string;
  readonly generation: number;
  /** See longDigest. */
  readonly manifest: string | null;
  /** Key of `producersOf`. */
  readonly producer: number;
  readonly made_by: string | null;
  readonly published_at: number;
  readonly pinned_at: number;
}

/** All of a dataset, in the order of their paths, without their sizes: half a million a second. */
export async function eachState(db: CatalogDb, project: string, uri: string, visit: (state: RawState) => void): Promise<void> {
  const dataset = await datasetId(db, project, uri);
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('partition_states')
      .select(['path', 'generation', 'manifest', 'producer', 'made_by', 'published_at', 'pinned_at'])
      .where('dataset', '=', dataset)
      .where('path', '>', after)
      .orderBy('path')
      .limit(PAGE)
      .execute();
    for (const row of rows) visit(row);
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.path ?? '';
  }
}

export interface ProducerRow {
  readonly task: string | null;
  readonly version: string | null;
  readonly codeDigest: string | null;
}
export async function producersOf(db: CatalogDb): Promise<Map<number, ProducerRow>> {
  const rows = await db.selectFrom('partition_producers').selectAll().execute();
  return new Map(rows.map((row) => [row.id, { task: row.task || null, version: row.version || null, codeDigest: row.code_digest || null }]));
}

const producerName = ({ task, version, codeDigest }: PartitionStateRow): string => `${task}@${version}@${codeDigest}`;

async function datasetId(db: CatalogDb, project: string, uri: string): Promise<number> {
  const find = () => db.selectFrom('partition_datasets').select('id').where('project', '=', project).where('uri', '=', uri).executeTakeFirst();
  const known = await find();
  if (known) return known.id;
  await db
    .insertInto('partition_datasets')
    .values((eb) => ({ id: eb.selectFrom('partition_datasets').select((e) => e(e.fn.coalesce(e.fn.max('id'), e.lit(0)), '+', 1).as('id')), project, uri }))
    .onConflict((on) => on.doNothing())
    .execute();
  return (await find())?.id ?? datasetId(db, project, uri);
}

async function producerId(db: CatalogDb, state: PartitionStateRow): Promise<number> {
  const [task, version, digest] = [state.task ?? '', state.version ?? '', state.codeDigest ?? ''];
  const find = () =>
    db
      .selectFrom('partition_producers')
      .select('id')
      .where('task', '=', task)
      .where('version', '=', version)
      .where('code_digest', '=', digest)
      .executeTakeFirst();
  const known = await find();
  if (known) return known.id;
  await db
    .insertInto('partition_producers')
    .values((eb) => ({
      id: eb.selectFrom('partition_producers').select((e) => e(e.fn.coalesce(e.fn.max('id'), e.lit(0)), '+', 1).as('id')),
      task,
      version,
      code_digest: digest,
    }))
    .onConflict((on) => on.doNothing())
    .execute();
  return (await find())?.id ?? producerId(db, state);
}

/** 'sha256:<hex>' as 43 characters; anything else stays. */
export const shortDigest = (digest: string | null): string | null =>
  digest !== null && /^sha256:[0-9a-f]{64}$/.test(digest) ? Buffer.from(digest.slice(7), 'hex').toString('base64url') : digest;
export const longDigest = (text: string): string => (/^[\w-]{43}$/.test(text) ? `sha256:${Buffer.from(text, 'base64url').toString('hex')}` : text);
