/** Bytes and files below an address, by walking it. Server. */
import type { Store } from './store.ts';

export async function sizeOf(store: Store, uri: string): Promise<{ readonly files: number; readonly bytes: number }> {
  let files = 0;
  let bytes = 0;
  const open = [uri];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await store.list(folder)) {
      if (entry.folder) open.push(entry.uri);
      else {
        files++;
        bytes += entry.bytes;
      }
    }
  }
  return { files, bytes };
}
