/** The model registry: immutable numbered versions, and aliases that change by compare-and-set with a history. Server only. */
import type { ModelHandle } from '../dsl/contract/step.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { JsonObject } from '../dsl/plan/types.ts';
import type { Catalog, CatalogDb } from './catalog.ts';
import { newId } from './ids.ts';
import { fromColumn, toColumn } from './json-column.ts';
import type { ModelVersionsTable } from './schema.ts';
import { addEvents } from './triggers.ts';

export interface ModelVersion extends ModelHandle {
  readonly details: JsonObject;
  readonly runId: string;
  readonly step: string;
  readonly createdAt: number;
}
export interface AliasChange {
  readonly name: string;
  readonly alias: string;
  readonly from: string | null;
  readonly to: string;
  readonly by: string;
  readonly at: number;
  readonly runId: string | null;
  readonly step: string | null;
  /** Why, in the words of who did it. */
  readonly note: string | null;
}
export interface ModelEntry {
  readonly name: string;
  readonly createdAt: number;
  readonly latest: string | null;
  readonly aliases: Readonly<Record<string, string>>;
}

export interface NewVersion {
  readonly project: string;
  readonly name: string;
  readonly uri: string;
  readonly digest: string;
  readonly details: JsonObject;
  readonly runId: string;
  readonly step: string;
  readonly at: number;
}

/** Registers the next version. The same (run, step), and the same content, gets the version that is there. */
export async function registerVersion(catalog: Catalog, entry: NewVersion): Promise<ModelVersion> {
  return catalog.transaction(async (trx) => {
    await trx
      .insertInto('models')
      .values({ project: entry.project, name: entry.name, created_at: entry.at })
      .onConflict((on) => on.columns(['project', 'name']).doNothing())
      .execute();
    // The model's row is the lock: two registrations at once take numbers in turn.
    let lock = trx.selectFrom('models').select('name').where('project', '=', entry.project).where('name', '=', entry.name);
    if (catalog.kind === 'postgres') lock = lock.forUpdate();
    await lock.execute();
    const before = await trx
      .selectFrom('model_versions')
      .selectAll()
      .where('project', '=', entry.project)
      .where('name', '=', entry.name)
      .where((eb) => eb.or([eb.and([eb('run_id', '=', entry.runId), eb('step', '=', entry.step)]), eb('digest', '=', entry.digest)]))
      .orderBy('version')
      .executeTakeFirst();
    if (before) return versionOf(before);
    const last = await trx
      .selectFrom('model_versions')
      .select((eb) => eb.fn.max('version').as('version'))
      .where('project', '=', entry.project)
      .where('name', '=', entry.name)
      .executeTakeFirst();
    const row: ModelVersionsTable = {
      project: entry.project,
      name: entry.name,
      version: Number(last?.version ?? 0) + 1,
      uri: entry.uri,
      digest: entry.digest,
      details: toColumn(entry.details),
      run_id: entry.runId,
      step: entry.step,
      created_at: entry.at,
    };
    await trx.insertInto('model_versions').values(row).execute();
    return versionOf(row);
  });
}

/** The model behind 'name@alias', 'name@7' or 'name' (the newest version). */
export async function findModel(db: CatalogDb, project: string, reference: string): Promise<ModelVersion | undefined> {
  const { name, tag } = parseReference(reference);
  let version: number | undefined;
  if (tag !== null && /^\d+$/.test(tag)) version = Number(tag);
  else if (tag !== null) {
    version = (
      await db.selectFrom('aliases').select('version').where('project', '=', project).where('name', '=', name).where('alias', '=', tag).executeTakeFirst()
    )?.version;
    if (version === undefined) return undefined;
  }
  let query = db.selectFrom('model_versions').selectAll().where('project', '=', project).where('name', '=', name).orderBy('version', 'desc').limit(1);
  if (version !== undefined) query = query.where('version', '=', version);
  const row = await query.executeTakeFirst();
  return row && versionOf(row);
}

export const parseReference = (reference: string): { name: string; tag: string | null } => {
  const at = reference.lastIndexOf('@');
  return at < 0 ? { name: reference, tag: null } : { name: reference.slice(0, at), tag: reference.slice(at + 1) };
};

export interface AliasMove {
  readonly project: string;
  readonly name: string;
  readonly alias: string;
  readonly to: string;
  /** The version that must stand there now; null: none may. Left out: whatever stands there. */
  readonly expect?: string | null | undefined;
  readonly by: string;
  readonly at: number;
  readonly runId?: string | undefined;
  readonly step?: string | undefined;
  readonly note?: string | undefined;
}

/**
 * Points an alias at a version by compare-and-set. The same (run, step) gets its earlier change back.
 * Throws HDL-NO-MODEL for an unknown version, HDL-ALIAS-MOVED when another version stands there.
 */
export async function moveAlias(catalog: Catalog, move: AliasMove): Promise<AliasChange> {
  return catalog.transaction(async (trx) => {
    const scope = { project: move.project, name: move.name };
    let lock = trx.selectFrom('models').select('name').where('project', '=', move.project).where('name', '=', move.name);
    if (catalog.kind === 'postgres') lock = lock.forUpdate();
    await lock.execute();
    if (move.runId !== undefined && move.step !== undefined) {
      const done = await trx.selectFrom('alias_history').selectAll().where('run_id', '=', move.runId).where('step', '=', move.step).executeTakeFirst();
      if (done) return changeOf(done);
    }
    const to = Number(move.to);
    const known = await trx
      .selectFrom('model_versions')
      .select('version')
      .where('project', '=', move.project)
      .where('name', '=', move.name)
      .where('version', '=', to)
      .executeTakeFirst();
    if (!known) throw new HeddleError('HDL-NO-MODEL', { what: `There is no model ${move.name} version ${move.to} in project ${move.project}.` });
    const present = await trx
      .selectFrom('aliases')
      .select('version')
      .where('project', '=', move.project)
      .where('name', '=', move.name)
      .where('alias', '=', move.alias)
      .executeTakeFirst();
    const from = present?.version ?? null;
    if (move.expect !== undefined && (move.expect === null ? null : Number(move.expect)) !== from) {
      throw new HeddleError('HDL-ALIAS-MOVED', {
        what: `${move.name}@${move.alias} is ${from === null ? 'not set' : `version ${from}`}, not ${move.expect === null ? 'unset' : `version ${move.expect}`} as this promotion of version ${move.to} expected.`,
        where: move.runId === undefined ? undefined : `run ${move.runId}, step ${move.step ?? ''}`,
        why: 'Another promotion came first; this one compared with a champion that no longer stands.',
      });
    }
    await trx
      .insertInto('aliases')
      .values({ ...scope, alias: move.alias, version: to, changed_at: move.at, changed_by: move.by })
      .onConflict((on) => on.columns(['project', 'name', 'alias']).doUpdateSet({ version: to, changed_at: move.at, changed_by: move.by }))
      .execute();
    if (from !== to)
      await addEvents(trx, move.project, [
        { kind: 'alias', subject: `${move.name}@${move.alias}`, key: null, version: move.at, detail: { from, to }, at: move.at },
      ]);
    const row = {
      id: newId(),
      ...scope,
      alias: move.alias,
      from_version: from,
      to_version: to,
      changed_by: move.by,
      at: move.at,
      run_id: move.runId ?? null,
      step: move.step ?? null,
      note: move.note ?? null,
    };
    await trx.insertInto('alias_history').values(row).execute();
    return changeOf(row);
  });
}

export async function listModels(db: CatalogDb, project: string): Promise<ModelEntry[]> {
  const models = await db.selectFrom('models').selectAll().where('project', '=', project).orderBy('name').execute();
  const latest = await db
    .selectFrom('model_versions')
    .select((eb) => ['name', eb.fn.max('version').as('version')])
    .where('project', '=', project)
    .groupBy('name')
    .execute();
  const aliases = await db.selectFrom('aliases').selectAll().where('project', '=', project).orderBy('alias').execute();
  const newest = new Map(latest.map((row) => [row.name, String(row.version)]));
  return models.map((row) => ({
    name: row.name,
    createdAt: row.created_at,
    latest: newest.get(row.name) ?? null,
    aliases: Object.fromEntries(aliases.filter((alias) => alias.name === row.name).map((alias) => [alias.alias, String(alias.version)])),
  }));
}

/** Versions of one model, newest first. */
export async function listVersions(db: CatalogDb, project: string, name: string): Promise<ModelVersion[]> {
  const rows = await db
    .selectFrom('model_versions')
    .selectAll()
    .where('project', '=', project)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1000)
    .execute();
  return rows.map(versionOf);
}

/** Versions that a run registered. */
export async function versionsOfRun(db: CatalogDb, runId: string): Promise<ModelVersion[]> {
  return (await db.selectFrom('model_versions').selectAll().where('run_id', '=', runId).execute()).map(versionOf);
}

/** Changes of a model's aliases, oldest first. */
export async function aliasHistory(db: CatalogDb, project: string, name: string): Promise<AliasChange[]> {
  const rows = await db.selectFrom('alias_history').selectAll().where('project', '=', project).where('name', '=', name).orderBy('id').execute();
  return rows.map(changeOf);
}

const versionOf = (row: ModelVersionsTable): ModelVersion => ({
  kind: 'model',
  name: row.name,
  version: String(row.version),
  uri: row.uri,
  digest: row.digest,
  details: fromColumn<JsonObject>(row.details),
  runId: row.run_id,
  step: row.step,
  createdAt: row.created_at,
});

/** Only what a step may see of a version. */
export const handleOf = (version: ModelVersion): ModelHandle => ({
  kind: 'model',
  name: version.name,
  version: version.version,
  uri: version.uri,
  digest: version.digest,
});

const changeOf = (row: {
  name: string;
  alias: string;
  from_version: number | null;
  to_version: number;
  changed_by: string;
  at: number;
  run_id: string | null;
  step: string | null;
  note: string | null;
}): AliasChange => ({
  name: row.name,
  alias: row.alias,
  from: row.from_version === null ? null : String(row.from_version),
  to: String(row.to_version),
  by: row.changed_by,
  at: row.at,
  runId: row.run_id,
  step: row.step,
  note: row.note,
});
