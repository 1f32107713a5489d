/** Decides which state of which partitions a slice is: path, generation and manifest digest of each. Server, workers. */
import type { DatasetDef, Json } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { digestOf } from '../digest.ts';
import type { Store } from '../store.ts';
import type { Asker } from './foreign-files.ts';
import { pinForeign } from './foreign-partition.ts';
import { partitionPath, partitionUri } from './partition-path.ts';
import { presentPartition } from './present-partition.ts';
import { storePartitions } from './slice-partitions.ts';

/** Partitions read at once. */
const AT_ONCE = 16;

type Keys = readonly Readonly<Record<string, string>>[];

/**
 * { missing } names the first partition that is not published, and how many are not. `asker` hears of each file of another
 * system, whose checksums may take minutes. Throws HDL-BAD-KEY, HDL-MANIFEST.
 */
export async function pinSlice(store: Store, dataset: DatasetDef, keys: Keys, asker?: Asker): Promise<SliceHandle | { readonly missing: string }> {
  const { partitions, missing } = await pinAll(store, dataset, keys, asker);
  if (keys.length === 0) return { missing: `${dataset.name}: the slice holds no partition` };
  if (missing.length > 0) return { missing: `${dataset.name} ${missing[0]}${missing.length > 1 ? ` and ${missing.length - 1} more` : ''}` };
  return sliceOf(store, dataset, partitions);
}

/** Those of the partitions that are published; null where none is. Throws HDL-BAD-KEY, HDL-MANIFEST. */
export async function pinPresent(store: Store, dataset: DatasetDef, keys: Keys, asker?: Asker): Promise<SliceHandle | null> {
  const { partitions } = await pinAll(store, dataset, keys, asker);
  return partitions.length === 0 ? null : sliceOf(store, dataset, partitions);
}

async function pinAll(
  store: Store,
  dataset: DatasetDef,
  keys: Keys,
  asker: Asker | undefined,
): Promise<{ readonly partitions: PinnedPartition[]; readonly missing: string[] }> {
  const root = store.resolve(dataset.uri);
  const paths = keys.map((key) => partitionPath(dataset, key));
  const partitions: PinnedPartition[] = [];
  const missing: string[] = [];
  for (let first = 0; first < paths.length; first += AT_ONCE) {
    const found = await Promise.all(paths.slice(first, first + AT_ONCE).map((path) => pinOne(store, root, path, asker)));
    for (const one of found) {
      if (typeof one === 'string') missing.push(one);
      else partitions.push(one);
    }
  }
  return { partitions, missing };
}
async function sliceOf(store: Store, dataset: DatasetDef, partitions: readonly PinnedPartition[]): Promise<SliceHandle> {
  return {
    kind: 'slice',
    dataset: dataset.name,
    uri: store.resolve(dataset.uri),
    digest: digestOf(partitions as unknown as Json),
    rows: partitions.reduce((sum, one) => sum + one.rows, 0),
    bytes: partitions.reduce((sum, one) => sum + one.bytes, 0),
    partitions: await storePartitions(store, partitions),
  };
}

async function pinOne(store: Store, root: string, path: string, asker: Asker | undefined): Promise<PinnedPartition | string> {
  const found = await presentPartition(store, root, path);
  if (found) return { path, generation: found.generation, manifest: found.digest, rows: found.manifest.rows, bytes: found.manifest.bytes };
  return (await pinForeign(store, partitionUri(root, path), path, asker)) ?? path;
}
