/**
 * heddle gc: finds what nobody needs any more and, when told so, removes it. Partitions and generations go in two moves: out of
 * the way by a rename, then, if still no run has pinned them,
 * for good. One that was pinned meanwhile becomes an old generation, where its reader finds it. Server only.
 */
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { generationUri, goneUri, trashOf } from '../../storage/datasets/layout.ts';
import { readNote } from '../../storage/datasets/generation-note.ts';
import { rollForward } from '../../storage/datasets/replacement-intent.ts';
import { childUri, nameOfUri } from '../../storage/uri.ts';
import { stepFolder } from '../../storage/step-folder.ts';
import { pruneLogs } from '../logs/prune-logs.ts';
import type { ServerParts } from '../server-parts.ts';
import { findGarbage, type Garbage, type Retention } from './find-garbage.ts';
import { inUse } from './in-use.ts';

export interface GcReport {
  readonly dryRun: boolean;
  readonly items: readonly Omit<Garbage, 'at'>[];
  readonly logs: { readonly files: number; readonly bytes: number };
  /** Of all that went, or would go. */
  readonly bytes: number;
  /** What could not be removed, and why. The next clean-up tries again. */
  readonly failed: readonly { readonly uri: string; readonly why: string }[];
}

export async function collectGarbage(parts: ServerParts, retention: Retention, dryRun: boolean, now = Date.now()): Promise<GcReport> {
  const found = await findGarbage(parts, await inUse(parts), retention, now);
  const failed = [...found.failed];
  const gone = dryRun ? found.items : await removeAll(parts, found.items, failed);
  const logs = await pruneLogs(parts.store, now - retention.logsMs, { dryRun });
  const items = gone.map(({ kind, uri, files, bytes, why }) => ({ kind, uri, files, bytes, why }));
  return { dryRun, items, logs, failed, bytes: items.reduce((sum, { bytes }) => sum + bytes, logs.bytes) };
}

async function removeAll(parts: ServerParts, found: readonly Garbage[], failed: { uri: string; why: string }[]): Promise<Garbage[]> {
  const { store } = parts;
  const gone: Garbage[] = [];
  const attempt = async (uri: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      failed.push({ uri, why: error instanceof Error ? (isHeddleError(error) ? error.what : error.message) : String(error) });
      return false;
    }
  };
  const aside: { readonly item: Garbage; readonly trash: string }[] = [];
  for (const item of found) {
    const { at, uri } = item;
    if (item.kind === 'trash' && at) {
      aside.push({ item, trash: uri });
      continue;
    }
    if (!at) {
      if (await attempt(uri, () => store.remove(uri, { recursive: true }))) gone.push(item);
      continue;
    }
    const trash = childUri(trashOf(at.root), `${stepFolder(at.path)}@${at.generation}`);
    if (await attempt(uri, () => putAside(parts, item, trash))) aside.push({ item, trash });
  }
  // a run may have pinned one of them since this looked
  const still = await inUse(parts);
  for (const { item, trash } of aside) {
    const { at, uri } = item;
    if (at && still.holds(at.root, at.path, at.manifest)) await attempt(uri, () => store.renameFolder(trash, generationUri(at.root, at.path, at.generation)));
    else if (await attempt(uri, () => store.remove(trash, { recursive: true }))) gone.push(item);
  }
  return gone;
}

/** Out of the readers' way by one rename. Its number stays known, so that no publish with a lower one comes after it. */
async function putAside({ store }: ServerParts, { kind, uri, at }: Garbage, trash: string): Promise<void> {
  if (!at) return;
  const { root, path, generation } = at;
  if (kind === 'partition') {
    await rollForward(store, root, path);
    const present = await readNote(store, uri);
    if (present && present.generation !== generation)
      throw new HeddleError('HDL-PARTITION-CHANGED', { what: `${nameOfUri(uri)} was published anew while this looked.`, where: uri });
    await store.write(goneUri(root, path, generation), new Uint8Array());
  }
  await store.remove(trash, { recursive: true });
  await store.renameFolder(uri, trash);
}
