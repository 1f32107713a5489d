/** The published partitions of a dataset, by walking its folder. Server, workers, command line through the API. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { Store } from '../store.ts';
import type { Manifest } from './manifest.ts';
import { keyOfPath } from './partition-path.ts';
import { readManifest } from './publish-partition.ts';

export interface PublishedPartition {
  readonly path: string;
  readonly key: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly manifest: Manifest;
}
/** In the order of their paths. A folder without a manifest is none of ours. */
export async function listPartitions(store: Store, dataset: DatasetDef): Promise<PublishedPartition[]> {
  const root = store.resolve(dataset.uri);
  let paths: string[] = [''];
  for (const name of Object.keys(dataset.partitions)) {
    const prefix = `${encodeURIComponent(name)}=`;
    const deeper = await Promise.all(
      paths.map(async (path) => {
        const entries = await store.list(path === '' ? root : `${root}/${path}`);
        return entries
          .filter((entry) => entry.folder)
          .map((entry) => decodeURIComponent(entry.uri.split('/').at(-1) ?? ''))
          .filter((part) => part.startsWith(prefix))
          .map((part) => (path === '' ? part : `${path}/${part}`));
      }),
    );
    paths = deeper.flat();
  }
  const found = await Promise.all(
    paths.map(async (path) => {
      const key = keyOfPath(dataset, path);
      const read = key && (await readManifest(store, `${root}/${path}`));
      return key && read ? { path, key, ...read } : null;
    }),
  );
  return found.filter((one) => one !== null);
}
