/** The list of a slice's partitions: inline while it is short, else a stored file. Server, workers. */
import type { Json } from '../../dsl/plan/types.ts';
import { isStored, type PinnedPartition, type SliceHandle, type Stored } from '../../dsl/contract/step.ts';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import { sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { loadValue } from '../values.ts';

const INLINE = 10;

export async function storePartitions(store: Store, partitions: readonly PinnedPartition[]): Promise<SliceHandle['partitions']> {
  if (partitions.length <= INLINE) return partitions;
  const text = canonicalJson(partitions as unknown as Json);
  const digest = sha256Hex(text);
  const uri = store.resolve(`store://slices/${digest}.json`); // a dataset's own folder may be another system's
  const bytes = Buffer.byteLength(text);
  if (!(await store.stat(uri))) await store.write(uri, Buffer.from(text, 'utf8'));
  return { $stored: { uri, digest: `sha256:${digest}`, bytes } } satisfies Stored;
}
export async function partitionsOf(store: Store, slice: SliceHandle): Promise<readonly PinnedPartition[]> {
  return isStored(slice.partitions) ? ((await loadValue(store, slice.partitions)) as unknown as readonly PinnedPartition[]) : slice.partitions;
}
