/** The partition that is in place: its manifest and its generation, which must belong together. Server, workers. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { readNote, type GenerationNote } from './generation-note.ts';
import { historyOf } from './layout.ts';
import { MANIFEST, readManifest, type Manifest } from './manifest.ts';
import { partitionUri } from './partition-path.ts';
import { putBack, rollForward } from './replacement-intent.ts';

export interface PresentPartition {
  readonly generation: number;
  readonly manifest: Manifest;
  /** Digest of the manifest. */
  readonly digest: string;
  /** null for a partition whose note is lost. */
  readonly note: GenerationNote | null;
}
/** Replacements may come between two looks. */
const ROUNDS = 4;

/** null: not there, or another system's. Throws HDL-MANIFEST for a manifest that was edited after it was published. */
export async function presentPartition(store: Store, root: string, path: string): Promise<PresentPartition | null> {
  for (let round = 1; ; round++) {
    const found = await inPlace(store, root, path);
    if (found) return found;
    // a replacement may have stopped half way, or have ended since this looked
    const history = await historyOf(store, root, path);
    const wasUnderWay = (await rollForward(store, root, path, history)) || (await putBack(store, root, path, history));
    if (round > 1 && (!wasUnderWay || round === ROUNDS)) return null;
  }
}

async function inPlace(store: Store, root: string, path: string): Promise<PresentPartition | null> {
  const folder = partitionUri(root, path);
  for (let round = 1; ; round++) {
    const [found, note] = await Promise.all([readManifest(store, folder), readNote(store, folder)]);
    if (!found && !note) return null;
    if (found && !note) return { generation: 1 + (await historyOf(store, root, path)).newest, note, ...found };
    if (found && note && found.digest === note.manifest) return { generation: note.generation, note, ...found };
    if (round < ROUNDS) continue;
    throw new HeddleError('HDL-MANIFEST', {
      what: found
        ? `${folder} was published with another ${MANIFEST} than it has now: somebody edited it.`
        : `${folder} has lost its ${MANIFEST}, or it is none.`,
      where: path,
      fix: 'Put the file back as it was, publish the partition anew, or roll it back: heddle partitions rollback.',
    });
  }
}
