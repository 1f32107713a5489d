/** Cuts rows into shards whose ids say where they begin, so that they do not change over retries. Pure; worker side. */
export interface Shard {
  /** 'rows-00000000'. */
  readonly id: string;
  readonly first: number;
  readonly count: number;
}
export const shardId = (first: number): string => `rows-${String(first).padStart(8, '0')}`;

export function planShards(rows: number, perShard: number): Shard[] {
  const shards: Shard[] = [];
  for (let first = 0; first < rows; first += perShard) shards.push({ id: shardId(first), first, count: Math.min(perShard, rows - first) });
  return shards;
}

const LEAST_ROWS = 8_192;
const MOST_SHARDS = 100;
/** Rows of a shard, for a partition of so many: a hundred shards at most, so that the list of them stays small. */
export const rowsPerShard = (rows: number): number => Math.max(LEAST_ROWS, Math.ceil(rows / MOST_SHARDS));
