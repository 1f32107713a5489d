/** Moves an alias and tells who needs to know: the journal in the store, from which a catalog is rebuilt. Server only. */
import { moveAlias, type AliasChange, type AliasMove, type ModelVersion } from '../../catalog/models.ts';
import { journalUri, type JournalEntry } from '../../catalog/rebuild.ts';
import type { ServerParts } from '../server-parts.ts';

/** Throws HDL-NO-MODEL, HDL-ALIAS-MOVED. */
export async function changeAlias(parts: ServerParts, move: AliasMove): Promise<AliasChange> {
  const change = await moveAlias(parts.catalog, move);
  await journal(parts, { format: 1, kind: 'alias', project: move.project, change });
  return change;
}

export async function journalVersion(parts: ServerParts, project: string, version: ModelVersion): Promise<void> {
  await journal(parts, { format: 1, kind: 'version', project, version });
}

async function journal(parts: ServerParts, entry: JournalEntry): Promise<void> {
  await parts.store.write(journalUri(entry), Buffer.from(JSON.stringify(entry)));
}
