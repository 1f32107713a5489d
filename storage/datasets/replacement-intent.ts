/**
 * What a replacement is about to do, written before it begins: between its two renames the partition is not in place, and
 * whoever finds the intent then carries on. One file a replacement, so that two never take each other's away.
 */
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { childUri, nameOfUri } from '../uri.ts';
import { readNote } from './generation-note.ts';
import { generationsOf, generationUri, historyOf, INTENT, type History } from './layout.ts';
import { partitionUri } from './partition-path.ts';

export interface Intent {
  /** The folder that comes in. */
  readonly staging: string;
  /** Digest of its manifest. */
  readonly manifest: string;
  /** Its number, and that of the folder that goes. */
  readonly generation: number;
  readonly replaces: number;
}

export const intentUri = (root: string, path: string, { generation, staging }: Pick<Intent, 'generation' | 'staging'>): string =>
  childUri(generationsOf(root, path), `${INTENT}${generation}-${sha256Hex(staging).slice(0, 12)}.json`);

export const generationOfIntent = (uri: string): number => Number(nameOfUri(uri).slice(INTENT.length).split('-')[0]);

/** Ends replacements that stopped on their way. Any number of processes may do so at once. False: there were none. */
export async function rollForward(store: Store, root: string, path: string, seen?: History): Promise<boolean> {
  const { intents, newest } = seen ?? (await historyOf(store, root, path));
  if (intents.length === 0) return false;
  const target = partitionUri(root, path);
  const wishes = (await Promise.all(intents.map(async (uri) => ({ uri, wish: await readIntent(store, uri) }))))
    .filter((one): one is { uri: string; wish: Intent } => one.wish !== null)
    .toSorted((a, b) => b.wish.generation - a.wish.generation);
  if (await store.stat(target)) {
    // Not yet moved away: its own publish, or nobody, goes on. In place, or overtaken: only the intent was left.
    const present = (await readNote(store, target))?.generation ?? 0;
    for (const { uri, wish } of wishes) if (wish.generation <= present) await store.remove(uri);
    return true;
  }
  for (const { uri, wish } of wishes) {
    // a newer one was in place since: what this one wanted is over
    const came = wish.generation > newest && (await renamed(store, wish.staging, target));
    if (!came && !(await store.stat(target))) await comeBack(store, root, path);
    await store.remove(uri);
  }
  return true;
}

/** A partition that was published is never lost: without its successor the newest old generation takes its place again. */
async function comeBack(store: Store, root: string, path: string): Promise<void> {
  const [newest] = (await historyOf(store, root, path)).old;
  if (newest !== undefined) await renamed(store, generationUri(root, path, newest), partitionUri(root, path));
}

/** False: another was quicker, or there is nothing to rename. */
async function renamed(store: Store, from: string, to: string): Promise<boolean> {
  try {
    await store.renameFolder(from, to);
    return true;
  } catch (error) {
    if (!isHeddleError(error) || (error.code !== 'HDL-NOT-FOUND' && error.code !== 'HDL-PARTITION-EXISTS')) throw error;
    return false;
  }
}

/** null when another process has ended it meanwhile. */
async function readIntent(store: Store, uri: string): Promise<Intent | null> {
  try {
    return JSON.parse(Buffer.from(await store.read(uri)).toString('utf8')) as Intent; // written in one piece by publish-partition.ts
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return null;
    throw error;
  }
}
