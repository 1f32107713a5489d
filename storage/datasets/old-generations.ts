/** The old generations that are kept below a dataset, with when each went out of place. Server, for heddle gc and rollbacks. */
import type { Store } from '../store.ts';
import { nameOfUri } from '../uri.ts';
import { readNote } from './generation-note.ts';
import { allGenerationsOf, generationUri } from './layout.ts';
import { readManifest } from './manifest.ts';
import { partitionUri } from './partition-path.ts';

export interface OldGeneration {
  readonly path: string;
  readonly generation: number;
  readonly uri: string;
  /** Digest of its manifest; null for another system's. */
  readonly manifest: string | null;
  readonly rows: number | null;
  /** ms since the epoch: when its successor came. null: not known. */
  readonly replacedAt: number | null;
}

/** Paths of all partitions that have a history, whether or not they are in place. `dimensions`: how many folders deep one lies. */
export async function pathsWithHistory(store: Store, root: string, dimensions: number): Promise<string[]> {
  let level: { readonly uri: string; readonly path: readonly string[] }[] = [{ uri: allGenerationsOf(root), path: [] }];
  for (let depth = 0; depth < dimensions; depth++) {
    const below = await Promise.all(
      level.map(async ({ uri, path }) =>
        (await store.list(uri)).filter(({ folder }) => folder).map((entry) => ({ uri: entry.uri, path: [...path, nameOfUri(entry.uri)] })),
      ),
    );
    level = below.flat();
  }
  return level.map(({ path }) => path.join('/'));
}

/** Newest first. */
export async function oldGenerations(store: Store, root: string, path: string, numbers: readonly number[]): Promise<OldGeneration[]> {
  let successor = (await readNote(store, partitionUri(root, path)))?.at ?? null;
  const found: OldGeneration[] = [];
  for (const generation of numbers) {
    const uri = generationUri(root, path, generation);
    const [manifest, note] = await Promise.all([readManifest(store, uri), readNote(store, uri)]);
    found.push({ path, generation, uri, manifest: manifest?.digest ?? null, rows: manifest?.manifest.rows ?? null, replacedAt: successor });
    successor = note?.at ?? successor;
  }
  return found;
}
