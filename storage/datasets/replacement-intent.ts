/**
 * What a replacement is about to do, written before it begins: between its two renames the partition is not in place, and
 * whoever finds the intent then carries on. One file a replacement, so that two never take each other's away.
 */
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { childUri, nameOfUri } from '../uri.ts';
import { generationsOf } from './layout.ts';
import { readManifest } from './manifest.ts';
import { partitionUri } from './partition-path.ts';

export interface Intent {
  readonly staging: string;
  /** Digests of the manifest that comes in, and of the one that goes (null: another system's folder). */
  readonly manifest: string;
  readonly replaces: string | null;
  readonly generation: number;
}
const PREFIX = 'intent-';

export const intentUri = (root: string, path: string, manifestDigest: string): string =>
  childUri(generationsOf(root, path), `${PREFIX}${sha256Hex(manifestDigest).slice(0, 16)}.json`);

/** Ends replacements that stopped on their way. Any number of processes may do so at once. */
export async function rollForward(store: Store, root: string, path: string): Promise<void> {
  const target = partitionUri(root, path);
  const intents = (await store.list(generationsOf(root, path))).filter((entry) => !entry.folder && nameOfUri(entry.uri).startsWith(PREFIX));
  for (const entry of intents.toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
    // the newest knows best
    const wish = await readIntent(store, entry.uri);
    if (!wish) continue;
    if (await store.stat(target)) {
      // Not yet moved away: its own publish, or nobody, goes on. In place: only the intent was left.
      if ((await readManifest(store, target))?.digest === wish.manifest) await store.remove(entry.uri);
      continue;
    }
    try {
      await store.renameFolder(wish.staging, target);
    } catch (error) {
      if (!isHeddleError(error) || (error.code !== 'HDL-NOT-FOUND' && error.code !== 'HDL-PARTITION-EXISTS')) throw error;
      // Another was quicker; or the staging is gone, and what was there before comes back.
      if (error.code === 'HDL-NOT-FOUND' && !(await store.stat(target))) await comeBack(store, root, path, wish);
    }
    await store.remove(entry.uri);
  }
}

/** null when another process has ended it meanwhile. */
async function readIntent(store: Store, uri: string): Promise<Intent | null> {
  try {
    return JSON.parse(Buffer.from(await store.read(uri)).toString('utf8')) as Intent; // written in one piece by publishPartition
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return null;
    throw error;
  }
}

/** A partition that was published is never lost: without its successor the old generation takes its place again. */
async function comeBack(store: Store, root: string, path: string, wish: Intent): Promise<void> {
  try {
    await store.renameFolder(childUri(generationsOf(root, path), String(wish.generation)), partitionUri(root, path));
  } catch (error) {
    if (!isHeddleError(error) || (error.code !== 'HDL-NOT-FOUND' && error.code !== 'HDL-PARTITION-EXISTS')) throw error; // another was quicker
  }
}
