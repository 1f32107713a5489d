/** Cuts rows into shards whose ids do not change over retries. Pure; worker side. */
export interface Shard {
  /** 'rows-00000000'. */
  readonly id: string;
  readonly first: number;
  readonly count: number;
}
export function planShards(rows: number, perShard: number): Shard[] {
  const shards: Shard[] = [];
  for (let first = 0; first < rows; first += perShard)
    shards.push({ id: `rows-${String(first).padStart(8, '0')}`, first, count: Math.min(perShard, rows - first) });
  return shards;
}
