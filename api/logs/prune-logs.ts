/**
 * Removes old logs of attempts from the store. The server does it by itself once a day; `heddle gc` may at any time. A run's
 * id says when it began, so that only the logs of old runs are looked at. Server only.
 */
import { decodeTime } from 'ulid';
import type { Store } from '../../storage/store.ts';
import { nameOfUri } from '../../storage/uri.ts';

export interface PrunedLogs {
  readonly files: number;
  readonly bytes: number;
}

/** Those last written before `before`, ms since the epoch. `dryRun`: says what it would remove. */
export async function pruneLogs(store: Store, before: number, options: { readonly dryRun?: boolean } = {}): Promise<PrunedLogs> {
  let files = 0;
  let bytes = 0;
  for (const run of await store.list('store://logs')) {
    if (!run.folder || !beganBefore(nameOfUri(run.uri), before)) continue;
    let kept = 0;
    for (const step of await store.list(run.uri)) {
      const logs = await store.list(step.uri);
      const old = logs.filter(({ mtimeMs }) => mtimeMs < before);
      files += old.length;
      bytes += old.reduce((sum, log) => sum + log.bytes, 0);
      kept += logs.length - old.length;
      if (options.dryRun) continue;
      if (old.length === logs.length) await store.remove(step.uri, { recursive: true });
      else for (const { uri } of old) await store.remove(uri);
    }
    if (kept === 0 && !options.dryRun) await store.remove(run.uri, { recursive: true });
  }
  return { files, bytes };
}

/** A folder of another name is looked at. */
function beganBefore(runId: string, before: number): boolean {
  try {
    return decodeTime(runId) < before;
  } catch {
    return true;
  }
}
