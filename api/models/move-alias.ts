/** Tells who needs to know of versions and aliases: the journal in the store, from which a catalog is rebuilt, and the tracker. Server only. */
import { moveAlias, type AliasChange, type AliasMove, type ModelVersion } from '../../catalog/models.ts';
import { journalUri, type JournalEntry } from '../../catalog/rebuild.ts';
import { getRun } from '../../catalog/runs.ts';
import type { ServerParts } from '../server-parts.ts';
import { track } from './track.ts';

/** Throws HDL-NO-MODEL, HDL-ALIAS-MOVED. */
export async function changeAlias(parts: ServerParts, move: AliasMove): Promise<AliasChange> {
  const change = await moveAlias(parts.catalog, move);
  await journal(parts, { format: 1, kind: 'alias', project: move.project, change });
  await track(parts, { from: null, entries: [{ kind: 'alias', name: change.name, alias: change.alias, version: change.to }] });
  return change;
}

/** Tells of a version that was just registered. */
export async function announceVersion(parts: ServerParts, project: string, version: ModelVersion): Promise<void> {
  await journal(parts, { format: 1, kind: 'version', project, version });
  const run = await getRun(parts.catalog.db, version.runId);
  const from = { runId: version.runId, pipeline: run?.pipeline ?? 'import', partition: run?.partition ?? null, step: '' };
  const { name, uri, digest } = version;
  await track(parts, { from, entries: [{ kind: 'version', name, version: version.version, uri, digest }] });
}

async function journal(parts: ServerParts, entry: JournalEntry): Promise<void> {
  await parts.store.write(journalUri(entry), Buffer.from(JSON.stringify(entry)));
}
