/** Where the engine keeps its own below a dataset's root: <root>/.heddle/. Readers of the data pass names with a dot by. */
import { randomBytes } from 'node:crypto';
import { sha256Hex } from '../digest.ts';
import { childUri, nameOfUri } from '../uri.ts';
import type { Store } from '../store.ts';

const OWN = '.heddle';

/** All that attempts staged: a folder a run. */
export const stagingOf = (root: string): string => childUri(root, OWN, 'staging');
export const stagingOfRun = (root: string, runId: string): string => childUri(stagingOf(root), runId);
export const stagingOfStep = (root: string, runId: string, step: string): string => childUri(stagingOfRun(root, runId), folderName(step));
/** A new folder each time: an attempt that was given up and goes on writing meets nobody else's files. */
export const newStaging = (root: string, by: { readonly runId: string; readonly step: string; readonly attempt: number }): string =>
  childUri(stagingOfStep(root, by.runId, by.step), `${by.attempt}-${randomBytes(4).toString('hex')}`);

/** What is about to be deleted. */
export const trashOf = (root: string): string => childUri(root, OWN, 'trash');

/** Old generations of all partitions. */
export const allGenerationsOf = (root: string): string => childUri(root, OWN, 'gen');
/** Old generations of a partition, each a folder named by its number; intents of replacements lie beside them. */
export const generationsOf = (root: string, path: string): string => childUri(allGenerationsOf(root), ...path.split('/'));
export const generationUri = (root: string, path: string, generation: number): string => childUri(generationsOf(root, path), String(generation));

/** A number that was given out and whose files are deleted: gone-7. No publish with a lower one may come after it. */
const GONE = 'gone-';
export const goneUri = (root: string, path: string, generation: number): string => childUri(generationsOf(root, path), `${GONE}${generation}`);
export const INTENT = 'intent-';

/** What lies beside a partition, by one look. */
export interface History {
  /** Numbers of the old generations that are kept, newest first. Another system's have one that no publish of ours had, 0 at the least. */
  readonly old: readonly number[];
  /** Addresses of intents of replacements. */
  readonly intents: readonly string[];
  /** The highest number that is known of here; 0 without any. The generation in place may have a higher one. */
  readonly newest: number;
}

export async function historyOf(store: Store, root: string, path: string): Promise<History> {
  const entries = await store.list(generationsOf(root, path));
  const named = entries.map((entry) => ({ ...entry, name: nameOfUri(entry.uri) }));
  const old = named.filter(({ folder }) => folder).map(({ name }) => Number(name));
  const kept = old.filter((number) => Number.isSafeInteger(number) && number >= 0).toSorted((a, b) => b - a);
  const gone = named.filter(({ name, folder }) => !folder && name.startsWith(GONE)).map(({ name }) => Number(name.slice(GONE.length)));
  return {
    old: kept,
    intents: named.filter(({ name, folder }) => !folder && name.startsWith(INTENT)).map(({ uri }) => uri),
    newest: Math.max(0, ...kept, ...gone.filter((number) => Number.isSafeInteger(number))),
  };
}

/** A number for what has none, because no publish of ours put it in place: the highest below `generation` that is free. */
export function freeNumber({ old }: History, generation: number): number {
  const taken = new Set(old);
  for (let number = generation - 1; number > 0; number--) if (!taken.has(number)) return number;
  return 0;
}

/** A step path as one folder name: at most 200 bytes, different for different steps. */
function folderName(step: string): string {
  const name = encodeURIComponent(step).replace(/^(?=\.)/, '~'); // no hidden folder, and none that leads elsewhere
  return name.length <= 200 ? name : `${name.slice(0, 180)}~${sha256Hex(step).slice(0, 16)}`;
}
