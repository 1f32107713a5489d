/**
 * _generation.json of a published partition: which generation it is, and of which manifest. It comes in by the rename that
 * publishes, so it is never there without its partition. Server, workers.
 */
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';

export interface GenerationNote {
  readonly generation: number;
  /** Digest of the manifest beside it. */
  readonly manifest: string;
  readonly runId: string | null;
  readonly step: string | null;
  /** ms since the epoch: about when it was put in place. */
  readonly at: number;
  /** Of a rollback: the generation whose files these are, who asked for it, and why. */
  readonly rollback?: { readonly from: number; readonly who: string; readonly note: string | null };
}
/** Hive, Spark and Arrow pass by what begins with '_'. */
export const GENERATION = '_generation.json';

export async function writeNote(store: Store, folder: string, note: GenerationNote): Promise<void> {
  await store.write(childUri(folder, GENERATION), Buffer.from(JSON.stringify(note), 'utf8'));
}

/** null for a folder without one: another system's. */
export async function readNote(store: Store, folder: string): Promise<GenerationNote | null> {
  let text: string;
  try {
    text = Buffer.from(await store.read(childUri(folder, GENERATION))).toString('utf8');
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return null;
    throw error;
  }
  return noteIn(text);
}

function noteIn(text: string): GenerationNote | null {
  try {
    const value = JSON.parse(text) as Partial<GenerationNote> | null;
    return Number.isSafeInteger(value?.generation) && typeof value?.manifest === 'string' ? (value as GenerationNote) : null; // written above
  } catch {
    return null;
  }
}
