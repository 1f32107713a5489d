/** Removes results that tasks with `cache` kept long ago. The server does it once a day. Server only. */
import type { Store } from '../../storage/store.ts';

/** Entries written before `before`, ms since the epoch. Gives their number. */
export async function pruneResults(store: Store, before: number): Promise<number> {
  let removed = 0;
  for (const task of await store.list('store://results')) {
    for (const { uri, mtimeMs } of await store.list(task.uri)) {
      if (mtimeMs >= before) continue;
      await store.remove(uri);
      removed++;
    }
  }
  return removed;
}
