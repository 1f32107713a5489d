/** The published partitions of a dataset, by walking its folder. Server, workers, command line through the API. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { Store } from '../store.ts';
import { childUri, nameOfUri } from '../uri.ts';
import type { Manifest } from './manifest.ts';
import { dimensionPrefix, keyOfPath, partitionKey } from './partition-path.ts';
import { presentPartition } from './present-partition.ts';

export interface PublishedPartition {
  readonly path: string;
  readonly key: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly manifest: Manifest;
  readonly generation: number;
  /** ms since the epoch; null: not known. */
  readonly publishedAt: number | null;
}
/** One that nobody should read: its manifest was edited or is lost, or its folder names no partition that the dataset can have. */
export interface DamagedPartition {
  readonly path: string;
  readonly key: Readonly<Record<string, string>>;
  readonly code: string;
  readonly why: string;
}
export interface Listing {
  readonly partitions: readonly PublishedPartition[];
  readonly damaged: readonly DamagedPartition[];
}
const AT_ONCE = 16;

/** Both in the order of their paths. A folder without a manifest is none of ours. Throws what the store throws. */
export async function listPartitions(store: Store, dataset: DatasetDef): Promise<Listing> {
  const root = store.resolve(dataset.uri);
  let paths: readonly (readonly string[])[] = [[]];
  for (const name of Object.keys(dataset.partitions)) {
    const prefix = dimensionPrefix(name);
    paths = (
      await inTurns(paths, async (path) =>
        (await store.list(childUri(root, ...path)))
          .filter((entry) => entry.folder && nameOfUri(entry.uri).startsWith(prefix))
          .map((entry) => [...path, nameOfUri(entry.uri)]),
      )
    ).flat();
  }
  const found = await inTurns(paths, (names) => lookAt(store, dataset, root, names.join('/')));
  return {
    partitions: found.filter((one) => one !== null && 'manifest' in one),
    damaged: found.filter((one) => one !== null && 'why' in one),
  };
}

async function lookAt(store: Store, dataset: DatasetDef, root: string, path: string): Promise<PublishedPartition | DamagedPartition | null> {
  const key = keyOfPath(dataset, path);
  if (!key) return null;
  try {
    const present = await presentPartition(store, root, path);
    if (!present) return null;
    partitionKey(dataset, key);
    return { path, key, digest: present.digest, manifest: present.manifest, generation: present.generation, publishedAt: present.note?.at ?? null };
  } catch (error) {
    if (!(error instanceof HeddleError) || !DAMAGE.has(error.code)) throw error;
    return { path, key, code: error.code, why: error.what };
  }
}
const DAMAGE: ReadonlySet<string> = new Set(['HDL-MANIFEST', 'HDL-BAD-KEY']);

/** A few at once: a dataset may have thousands of partitions. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE) results.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(work))));
  return results;
}
