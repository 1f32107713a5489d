/** Cuts a slice into shards of whole row groups, so that no row group is read twice. Ids say where a shard begins: they are the same in every attempt. Worker side. */
import type { SliceFile } from '../../dsl/authoring/context.ts';
import { groupsOf } from './groups-of-files.ts';
import { rowsPerShard, shardId, type Shard } from './plan-shards.ts';

/** A hundred at most. Reads the files' footers. Throws HDL-BAD-FILE. */
export async function planSliceShards(files: readonly SliceFile[], least = rowsPerShard(files.reduce((sum, { rows }) => sum + rows, 0))): Promise<Shard[]> {
  const shards: Shard[] = [];
  let first = 0;
  let count = 0;
  const close = (): void => {
    if (count > 0) shards.push({ id: shardId(first), first, count });
    first += count;
    count = 0;
  };
  for await (const { group } of groupsOf(files, [], 0, Number.POSITIVE_INFINITY)) {
    count += group.rows;
    if (count >= least) close();
  }
  close();
  return shards;
}
