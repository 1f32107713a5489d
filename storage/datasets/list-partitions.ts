/** The published partitions of a dataset, by walking its folder. Server, workers, command line through the API. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { Store } from '../store.ts';
import { childUri, nameOfUri } from '../uri.ts';
import type { Manifest } from './manifest.ts';
import { dimensionPrefix, keyOfPath } from './partition-path.ts';
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
const AT_ONCE = 16;

/** In the order of their paths. A folder without a manifest is none of ours. */
export async function listPartitions(store: Store, dataset: DatasetDef): Promise<PublishedPartition[]> {
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
  const found = await inTurns(paths, async (names) => {
    const path = names.join('/');
    const key = keyOfPath(dataset, path);
    const present = key && (await presentPartition(store, root, path));
    return key && present
      ? { path, key, digest: present.digest, manifest: present.manifest, generation: present.generation, publishedAt: present.note?.at ?? null }
      : null;
  });
  return found.filter((one) => one !== null);
}

/** A few at once: a dataset may have thousands of partitions. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE) results.push(...(await Promise.all(items.slice(first, first + AT_ONCE).map(work))));
  return results;
}
