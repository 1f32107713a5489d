/** What a person names: DATASET@PARTITION, model:NAME@VERSION or cache:NAME@VERSION. Server only. */
import { formatKey, parseKey } from '../../calendar/partition-scope.ts';
import { cacheOfRuns, cachesOfRuns, factsAbout, type Thing } from '../../catalog/lineage.ts';
import { datasetNamed, datasetNames } from '../../catalog/plans.ts';
import { closestName } from '../../config/closest-name.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { readManifest } from '../../storage/datasets/manifest.ts';
import { partitionPath, partitionUri } from '../../storage/datasets/partition-path.ts';
import { requireModel } from '../models/model-view.ts';
import type { ServerParts } from '../server-parts.ts';

/** The dataset as the newest plan that has it says. Throws HDL-NO-DATASET. */
export async function requireDataset(parts: ServerParts, name: string): Promise<DatasetDef> {
  const found = await datasetNamed(parts.catalog.db, parts.config.project, name);
  if (found) return found;
  const near = closestName(name, await datasetNames(parts.catalog.db, parts.config.project));
  throw new HeddleError('HDL-NO-DATASET', {
    what: `No pipeline that was sent to this server has a dataset "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
  });
}

/** Throws HDL-NO-MODEL, HDL-NO-CACHE, HDL-NO-DATASET, HDL-BAD-KEY, HDL-BAD-REQUEST, HDL-NO-PARTITION. */
export async function thingNamed(parts: ServerParts, reference: string): Promise<Thing> {
  if (reference.startsWith('model:')) {
    const { name, version, digest } = await requireModel(parts, reference.slice('model:'.length));
    return { kind: 'model', name, version, digest };
  }
  if (reference.startsWith('cache:')) return cacheNamed(parts, reference.slice('cache:'.length));
  const at = reference.indexOf('@');
  if (at < 1)
    throw new HeddleError('HDL-BAD-REQUEST', {
      what: `"${reference}" names nothing that has a lineage.`,
      fix: 'Write DATASET@PARTITION, model:NAME@VERSION or cache:NAME@VERSION.',
    });
  const dataset = await requireDataset(parts, reference.slice(0, at));
  const key = parseKey(dataset.partitions, reference.slice(at + 1));
  const path = partitionPath(dataset, key);
  const here = await readManifest(parts.store, partitionUri(parts.store.resolve(dataset.uri), path));
  const thing = { kind: 'partition', name: dataset.name, version: path, digest: '' } as const;
  if (here) return { ...thing, digest: here.digest };
  const [gone] = await factsAbout(parts.catalog.db, parts.config.project, thing, 'out');
  if (gone) return { ...thing, digest: gone.digest };
  throw new HeddleError('HDL-NO-PARTITION', { what: `${dataset.name} has no partition ${formatKey(dataset.partitions, key)}.`, where: dataset.uri });
}

/** Without a version: the one that was served last. A cache's name may hold slashes, and an @ in a folder of it. */
async function cacheNamed({ catalog: { db }, config: { project } }: ServerParts, reference: string): Promise<Thing> {
  const found = await cacheOfRuns(db, project, reference);
  if (found) return found;
  const known = await cachesOfRuns(db, project);
  const near = closestName(reference.split('@')[0] ?? '', known);
  throw new HeddleError('HDL-NO-CACHE', {
    what: `No run has served cache:${reference}.${near !== undefined ? ` Did you mean "cache:${near}"?` : known.length === 0 ? '' : ` There are: ${known.join(', ')}.`}`,
  });
}
