/**
 * Brings the states of a dataset's partitions in line with the store, by the names of its folders: what the catalog does not
 * know is read, what is gone is dropped. The store is the truth for what data exists. Server only.
 */
import { dropStates, putStates, statesOf, type PartitionStateRow } from '../../catalog/partition-state.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { SUCCESS } from '../../storage/datasets/manifest.ts';
import { dimensionPrefix, keyOfPath, partitionUri } from '../../storage/datasets/partition-path.ts';
import { presentPartition } from '../../storage/datasets/present-partition.ts';
import type { Store } from '../../storage/store.ts';
import { childUri, nameOfUri } from '../../storage/uri.ts';
import type { ServerParts } from '../server-parts.ts';

const AT_ONCE = 16;

/** Gives all states, and the partitions whose manifest cannot be trusted (somebody edited it): they count as not there. */
export async function syncStates(
  parts: Pick<ServerParts, 'catalog' | 'store' | 'config'>,
  dataset: DatasetDef,
): Promise<{ readonly states: readonly PartitionStateRow[]; readonly damaged: readonly string[] }> {
  const { catalog, store, config } = parts;
  const root = store.resolve(dataset.uri);
  const present = await foldersOf(store, dataset, root);
  const known = new Map<string, PartitionStateRow>();
  for await (const page of statesOf(catalog.db, config.project, root)) for (const state of page) known.set(state.path, state);
  const gone = [...known.keys()].filter((path) => !present.has(path));
  if (gone.length > 0) await dropStates(catalog.db, config.project, root, gone);
  for (const path of gone) known.delete(path);

  const unknown = [...present.keys()].filter((path) => !known.has(path));
  const damaged: string[] = [];
  for (let first = 0; first < unknown.length; first += AT_ONCE) {
    const found = await Promise.all(
      unknown.slice(first, first + AT_ONCE).map(async (path) => {
        try {
          return await stateInStore(store, root, path, present.get(path) ?? 0);
        } catch (error) {
          if (!isHeddleError(error) || error.code !== 'HDL-MANIFEST') throw error;
          damaged.push(path);
          return null;
        }
      }),
    );
    const states = found.filter((state) => state !== null);
    await putStates(catalog.db, config.project, root, states);
    for (const state of states) known.set(state.path, state);
  }
  return { states: [...known.values()], damaged };
}

/** Paths of the partitions' folders, with the times of their last change. */
async function foldersOf(store: Store, dataset: DatasetDef, root: string): Promise<Map<string, number>> {
  let paths = new Map<string, number>([['', 0]]);
  for (const name of Object.keys(dataset.partitions)) {
    const prefix = dimensionPrefix(name);
    const next = new Map<string, number>();
    const above = [...paths.keys()];
    for (let first = 0; first < above.length; first += AT_ONCE) {
      const some = above.slice(first, first + AT_ONCE);
      const lists = await Promise.all(some.map((path) => store.list(path === '' ? root : childUri(root, ...path.split('/')))));
      for (const [i, entries] of lists.entries())
        for (const { uri, folder, mtimeMs } of entries) {
          const own = nameOfUri(uri);
          if (folder && own.startsWith(prefix)) next.set(some[i] === '' ? own : `${some[i]}/${own}`, mtimeMs);
        }
    }
    paths = next;
  }
  return new Map([...paths].filter(([path]) => path !== '' && keyOfPath(dataset, path) !== null));
}

/** Null where neither a manifest of ours nor another system's _SUCCESS is. */
async function stateInStore(store: Store, root: string, path: string, mtimeMs: number): Promise<PartitionStateRow | null> {
  const found = await presentPartition(store, root, path);
  if (found) {
    const { manifest, generation, digest, note } = found;
    const publishedAt = note?.at ?? mtimeMs;
    return {
      path,
      generation,
      manifest: digest,
      task: manifest.task,
      version: manifest.version,
      codeDigest: manifest.codeDigest,
      madeBy: `${manifest.runId}/${manifest.step}`,
      publishedAt,
      pinnedAt: 0, // not known: its inputs are looked up one by one
      rows: manifest.rows,
      bytes: manifest.bytes,
    };
  }
  const mark = await store.stat(childUri(partitionUri(root, path), SUCCESS));
  return (
    mark && {
      path,
      generation: 0,
      manifest: null,
      task: null,
      version: null,
      codeDigest: null,
      madeBy: null,
      publishedAt: mark.mtimeMs,
      pinnedAt: mark.mtimeMs,
      rows: 0,
      bytes: 0,
    }
  );
}
