/** Whether the partitions of a slice are the ones that stand in place now: for whoever would use an earlier step's result again. Workers. */
import type { Json } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { digestOf } from '../digest.ts';
import type { Store } from '../store.ts';
import { presentPartition } from './present-partition.ts';
import { partitionsOf, storePartitions } from './slice-partitions.ts';

/** The slice with the generations that its partitions have now; `gone` says which partition is missing or is another one. */
export async function sliceInPlace(store: Store, slice: SliceHandle): Promise<SliceHandle | { readonly gone: string }> {
  const now: PinnedPartition[] = [];
  for (const pinned of await partitionsOf(store, slice)) {
    const found = await presentPartition(store, slice.uri, pinned.path);
    if (!found) return { gone: `${slice.dataset} ${pinned.path} is not there any more` };
    if (found.digest !== pinned.manifest) return { gone: `${slice.dataset} ${pinned.path} has been replaced since` };
    now.push({ ...pinned, generation: found.generation });
  }
  return { ...slice, digest: digestOf(now as unknown as Json), partitions: await storePartitions(store, now) }; // pinned partitions are plain JSON
}
