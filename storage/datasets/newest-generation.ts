/** The highest generation that the store knows of a partition: in place, kept or gone; 0 for none. Server. */
import type { Store } from '../store.ts';
import { readNote } from './generation-note.ts';
import { historyOf } from './layout.ts';
import { partitionUri } from './partition-path.ts';

export async function newestGeneration(store: Store, root: string, path: string): Promise<number> {
  // what is in place has a higher number than all that were before it
  const target = partitionUri(root, path);
  const note = await readNote(store, target);
  if (note) return note.generation;
  const [{ newest }, present] = await Promise.all([historyOf(store, root, path), store.stat(target)]);
  return present ? newest + 1 : newest; // another system's will need a number when it is replaced
}
