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
  const { old, intents, newest } = seen ?? (await historyOf(store, root, path));
  if (intents.length === 0) return false;
  const target = partitionUri(root, path);
  const found = await Promise.all(intents.map(async (uri) => ({ uri, generation: generationOfIntent(uri), wish: await readIntent(store, uri) })));
  const wishes = found.filter((one) => one.wish !== 'gone').toSorted((a, b) => b.generation - a.generation);
  if (await store.stat(target)) {
    // Not yet moved away: its own publish, or nobody, goes on. In place, or overtaken: only the intent was left.
    const present = (await readNote(store, target))?.generation ?? 0;
    for (const { uri, generation } of wishes) if (generation <= present) await store.remove(uri);
    return true;
  }
  const kept = await numbered(store, root, path, old);
  for (const { uri, wish } of wishes) {
    // a newer one was in place since: what this one wanted is over
    const isNewest = (one: Intent): boolean => one.generation > Math.max(newest, ...kept.map((other) => (other.uri === one.staging ? 0 : other.generation)));
    const came = wish !== null && wish !== 'gone' && isNewest(wish) && (await renamed(store, wish.staging, target));
    if (!came && !(await store.stat(target))) await comeBack(store, root, path);
    await store.remove(uri);
  }
  return true;
}

/**
 * A publish that slept between its intent and its rename may wake after newer ones, move the newest away to a number that became
 * free meanwhile, and die: the note in the folder then has a higher number than the folder. True: it is put back.
 */
export async function putBack(store: Store, root: string, path: string, { old, intents, newest }: History): Promise<boolean> {
  if (old.length === 0 || intents.length > 0 || (await store.stat(partitionUri(root, path)))) return false;
  const [last] = await numbered(store, root, path, old);
  return last !== undefined && last.generation > newest && renamed(store, last.uri, partitionUri(root, path));
}

/** A partition that was published is never lost: without its successor the newest old generation takes its place again. */
async function comeBack(store: Store, root: string, path: string): Promise<void> {
  const [newest] = await numbered(store, root, path, (await historyOf(store, root, path)).old);
  if (newest) await renamed(store, newest.uri, partitionUri(root, path));
}

/** Old generations by the number that they had in place, newest first. */
async function numbered(store: Store, root: string, path: string, old: readonly number[]): Promise<{ readonly uri: string; readonly generation: number }[]> {
  const found = old.map(async (number) => {
    const uri = generationUri(root, path, number);
    return { uri, generation: Math.max(number, (await readNote(store, uri))?.generation ?? 0) };
  });
  return (await Promise.all(found)).toSorted((a, b) => b.generation - a.generation);
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

/** 'gone' when another process has ended it meanwhile; null when it cannot be read: nobody wishes anything then. */
async function readIntent(store: Store, uri: string): Promise<Intent | 'gone' | null> {
  let text: string;
  try {
    text = Buffer.from(await store.read(uri)).toString('utf8');
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return 'gone';
    throw error;
  }
  try {
    const wish = JSON.parse(text) as Partial<Intent> | null;
    return typeof wish?.staging === 'string' && Number.isSafeInteger(wish.generation) ? (wish as Intent) : null; // written by publish-partition.ts
  } catch {
    return null;
  }
}
