/** Where the engine keeps its own below a dataset's root: <root>/.heddle/. Readers of the data pass names with a dot by. */
import { sha256Hex } from '../digest.ts';
import { childUri, nameOfUri } from '../uri.ts';
import type { Store } from '../store.ts';

const OWN = '.heddle';

/** All that attempts of a run staged. */
export const stagingOfRun = (root: string, runId: string): string => childUri(root, OWN, 'staging', runId);
export const stagingOfStep = (root: string, runId: string, step: string): string => childUri(stagingOfRun(root, runId), folderName(step));
export const stagingOfAttempt = (root: string, by: { readonly runId: string; readonly step: string; readonly attempt: number }): string =>
  childUri(stagingOfStep(root, by.runId, by.step), String(by.attempt));

/** Old generations of a partition, each a folder named by its number; intents of replacements lie beside them. */
export const generationsOf = (root: string, path: string): string => childUri(root, OWN, 'gen', ...path.split('/'));

/** Number of the generation in place: one more than the newest old one. */
export async function presentGeneration(store: Store, root: string, path: string): Promise<number> {
  return 1 + Math.max(0, ...(await oldGenerations(store, root, path)));
}

/** Numbers of the old generations that are kept. */
export async function oldGenerations(store: Store, root: string, path: string): Promise<number[]> {
  const entries = await store.list(generationsOf(root, path));
  return entries
    .filter((entry) => entry.folder)
    .map((entry) => Number(nameOfUri(entry.uri)))
    .filter((number) => Number.isSafeInteger(number) && number > 0);
}

/** A step path as one folder name: at most 200 bytes, different for different steps. */
function folderName(step: string): string {
  const name = encodeURIComponent(step).replace(/^(?=\.)/, '~'); // no hidden folder, and none that leads elsewhere
  return name.length <= 200 ? name : `${name.slice(0, 180)}~${sha256Hex(step).slice(0, 16)}`;
}
