/** Puts an earlier generation of a partition in place again, under a new number. Server only. */
import { formatKey, parseKey } from '../../calendar/partition-scope.ts';
import { addAudit } from '../../catalog/audit.ts';
import { dropStates } from '../../catalog/partition-state.ts';
import { issueGeneration, markOne } from '../../catalog/publications.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { generationUri, historyOf } from '../../storage/datasets/layout.ts';
import { readManifest } from '../../storage/datasets/manifest.ts';
import { newestGeneration } from '../../storage/datasets/newest-generation.ts';
import { partitionPath } from '../../storage/datasets/partition-path.ts';
import { presentPartition } from '../../storage/datasets/present-partition.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { requireDataset } from '../lineage/reference.ts';
import type { ServerParts } from '../server-parts.ts';

export interface PartitionRollback {
  readonly dataset: string;
  readonly key: string;
  readonly path: string;
  /** Generation that was in place; null: none was. */
  readonly from: number | null;
  /** Generation whose files are in place now, and the number that they have now. */
  readonly to: number;
  readonly generation: number;
  readonly rows: number;
  /** Run that made them. */
  readonly runId: string;
}

/** `to` left out: the newest old one. Throws HDL-NO-DATASET, HDL-BAD-KEY, HDL-NO-GENERATION, HDL-MANIFEST, HDL-FENCED. */
export async function rollbackPartition(
  parts: ServerParts,
  wanted: { readonly dataset: string; readonly partition: string; readonly to?: number | undefined; readonly who: string; readonly note: string | null },
): Promise<PartitionRollback> {
  const { store, catalog } = parts;
  const { project } = parts.config;
  const dataset = await requireDataset(parts, wanted.dataset);
  const key = parseKey(dataset.partitions, wanted.partition);
  const path = partitionPath(dataset, key);
  const root = store.resolve(dataset.uri);
  const present = await presentPartition(store, root, path).catch((error: unknown) => {
    if (error instanceof HeddleError && error.code === 'HDL-MANIFEST') return null; // damaged: one more reason to go back
    throw error;
  });
  const { old } = await historyOf(store, root, path);
  const to = wanted.to ?? old[0];
  const staging = to === undefined ? '' : generationUri(root, path, to);
  const found = to !== undefined && old.includes(to) ? await readManifest(store, staging) : null;
  if (to === undefined || !found) {
    throw new HeddleError('HDL-NO-GENERATION', {
      what: `${dataset.name} ${formatKey(dataset.partitions, key)} has ${to === undefined ? 'no earlier generation' : `no generation ${to} to go back to`}.`,
      where: root,
      fix: old.length > 0 ? `Kept are ${old.join(', ')}${present ? `; ${present.generation} is in place` : ''}.` : 'Run the pipeline that writes it again.',
    });
  }
  const { manifest, digest } = found;
  const { rows, bytes, runId } = manifest;
  const at = Date.now();
  const { who, note } = wanted;
  const generation = await issueGeneration(
    catalog.db,
    project,
    { uri: root, path, dataset: dataset.name, kind: 'rollback', runId: null, step: null, staging, manifest: digest, rows, bytes, issuedAt: at, who, note },
    () => newestGeneration(store, root, path),
  );
  const staged = { dataset: dataset.name, uri: root, key: manifest.key, staging, manifestDigest: digest, rows, bytes };
  await publishPartition(store, staged, { replace: true, generation, rollback: { from: to, who, note } });
  await markOne(catalog.db, project, { uri: root, path, generation }, at);
  await dropStates(catalog.db, project, root, [path]);
  const detail = { from: present?.generation ?? null, to, generation, note };
  await addAudit(catalog.db, { project, at, who, action: 'partition rollback', target: `${dataset.name}@${formatKey(dataset.partitions, key)}`, detail });
  return { dataset: dataset.name, key: formatKey(dataset.partitions, key), path, from: present?.generation ?? null, to, generation, rows, runId };
}
