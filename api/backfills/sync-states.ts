/**
 * Brings the states of a dataset's partitions in line with the store, by the names of its folders: what the catalog does not
 * know is read, what is gone is dropped. The store is the truth for what data exists. Server only.
 */
import { formatKey } from '../../calendar/partition-scope.ts';
import { dropStates, eachState, longDigest, producersOf, putStates, shortDigest, type PartitionStateRow } from '../../catalog/partition-state.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { SUCCESS } from '../../storage/datasets/manifest.ts';
import { dimensionPrefix, keyOfPath, partitionUri } from '../../storage/datasets/partition-path.ts';
import { presentPartition } from '../../storage/datasets/present-partition.ts';
import type { Store } from '../../storage/store.ts';
import { PartitionTable } from '../../planner/partition-table.ts';
import { childUri, nameOfUri } from '../../storage/uri.ts';
import type { ServerParts } from '../server-parts.ts';

const AT_ONCE = 16;

/** Gives what is published, and the partitions whose manifest cannot be trusted (somebody edited it): they count as not there. */
export async function syncStates(
  parts: Pick<ServerParts, 'catalog' | 'store' | 'config'>,
  dataset: DatasetDef,
): Promise<{ readonly table: PartitionTable; readonly damaged: readonly string[] }> {
  const { catalog, store, config } = parts;
  const root = store.resolve(dataset.uri);
  const present = await foldersOf(store, dataset, root);
  const producers = await producersOf(catalog.db);
  const table = new PartitionTable(longDigest);
  const keyOf = keyReader(dataset);
  const gone: string[] = [];
  await eachState(catalog.db, config.project, root, (state) => {
    if (!present.delete(state.path)) return void gone.push(state.path);
    const key = keyOf(state.path);
    if (key === null) return;
    const producer = table.producerNumber(producers.get(state.producer) ?? { task: null, version: null, codeDigest: null });
    table.add(key, { manifest: state.manifest, producer, madeBy: state.made_by, publishedAt: state.published_at, pinnedAt: state.pinned_at });
  });
  if (gone.length > 0) await dropStates(catalog.db, config.project, root, gone);

  const unknown = [...present.keys()];
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
    for (const state of states) {
      const key = keyOf(state.path);
      if (key !== null) table.add(key, { ...state, manifest: shortDigest(state.manifest), producer: table.producerNumber(state) });
    }
  }
  return { table, damaged };
}

/** The formatted key of a path of the dataset; null for none of its paths. Quick where it has one dimension. */
export function keyReader(dataset: DatasetDef): (path: string) => string | null {
  const [only, ...more] = Object.keys(dataset.partitions);
  if (only === undefined || more.length > 0)
    return (path) => {
      const key = keyOfPath(dataset, path);
      return key && formatKey(dataset.partitions, key);
    };
  const prefix = dimensionPrefix(only);
  return (path) => {
    if (!path.startsWith(prefix)) return null;
    const text = path.slice(prefix.length).replaceAll('%3A', ':');
    return text.includes('%') ? (keyOfPath(dataset, path)?.[only] ?? null) : text;
  };
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
