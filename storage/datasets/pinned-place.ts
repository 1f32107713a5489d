/** Where a pinned partition lies now: in place, or in the generation that a replacement moved it to. Workers. */
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { FOREIGN, foreignFiles } from './foreign-partition.ts';
import { generationUri, historyOf } from './layout.ts';
import { readManifest } from './manifest.ts';
import type { PartitionPlace, Place } from './open-file.ts';
import { partitionUri } from './partition-path.ts';

/** Throws HDL-PARTITION-CHANGED when it is neither in place as it was pinned nor kept as an old generation. */
export async function placeOf(store: Store, slice: SliceHandle, pinned: PinnedPartition): Promise<PartitionPlace> {
  let place = await locate(store, slice, pinned);
  return {
    now: () => place,
    async moved(why) {
      const now = await locate(store, slice, pinned); // a replacement takes it away while it is read
      if (now.folder === place.folder) throw changed(slice, pinned, why);
      return (place = now);
    },
    isPinned: async ({ folder, foreign }) =>
      foreign ? typeof (await foreignFiles(store, folder, pinned)) !== 'string' : (await readManifest(store, folder))?.digest === pinned.manifest,
  };
}

/** In place, or in the generation that a replacement moved it to. */
async function locate(store: Store, slice: SliceHandle, pinned: PinnedPartition): Promise<Place> {
  const inPlace = partitionUri(slice.uri, pinned.path);
  if (pinned.generation === FOREIGN) return locateForeign(store, slice, pinned, inPlace);
  const ownNumber = generationUri(slice.uri, pinned.path, pinned.generation);
  const old = async (): Promise<string[]> =>
    (await historyOf(store, slice.uri, pinned.path)).old.map((number) => generationUri(slice.uri, pinned.path, number));
  // a rollback gives a generation another number; a replacement may be under way: in place once more
  for (const folders of [async () => [inPlace, ownNumber], old, async () => [inPlace]]) {
    for (const folder of await folders()) {
      const found = await readManifest(store, folder);
      if (found?.digest === pinned.manifest) return { folder, files: found.manifest.files, foreign: false };
    }
  }
  const now = await store.stat(inPlace);
  throw changed(slice, pinned, now ? 'its manifest is another one, and no old generation has the one that was pinned' : 'it is not there any more');
}

/** Where it was, or kept by a publish of ours that replaced it. */
async function locateForeign(store: Store, slice: SliceHandle, pinned: PinnedPartition, inPlace: string): Promise<Place> {
  const { old } = await historyOf(store, slice.uri, pinned.path);
  let why = '';
  for (const folder of [inPlace, ...old.map((number) => generationUri(slice.uri, pinned.path, number))]) {
    const found = await foreignFiles(store, folder, pinned);
    if (typeof found !== 'string') return { folder, files: found, foreign: true };
    why ||= found;
  }
  throw changed(slice, pinned, why);
}

const changed = (slice: SliceHandle, pinned: PinnedPartition, how: string): HeddleError =>
  new HeddleError('HDL-PARTITION-CHANGED', {
    what: `${slice.dataset} ${pinned.path} was rewritten after this run pinned it: ${how}.`,
    where: partitionUri(slice.uri, pinned.path),
  });
