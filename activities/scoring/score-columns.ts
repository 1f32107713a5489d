/** Puts scores beside the rows they belong to, batch by batch, in the order of the day; one shard's scores are in memory. Worker side. */
interface Batch {
  readonly numRows: number;
  readonly columns: {
    readonly flight: ArrayLike<number>;
    readonly at: ArrayLike<number>;
    readonly origin: ArrayLike<string>;
    readonly destination: ArrayLike<string>;
  };
}
interface Scored {
  readonly numRows: number;
  readonly columns: {
    readonly flight: Int32Array;
    readonly at: Int32Array;
    readonly origin: string[];
    readonly destination: string[];
    readonly score: Float32Array;
    readonly model: string[];
  };
}
/** scores[i] belongs to flight[i]; what is not finite is none: the model failed on that row. */
export interface ShardScores {
  readonly flight: Int32Array;
  readonly scores: Float32Array;
}

export class ScoreColumns {
  private readonly shards: AsyncIterator<ShardScores>;
  private readonly model: string;
  private shard: ShardScores | null = null;
  private next = 0;

  /** Flights ascend, within and over the shards. */
  constructor(shards: AsyncIterator<ShardScores>, model: string) {
    this.shards = shards;
    this.model = model;
  }

  /** Rows of the batch that were scored; the others are in quarantine, or the model failed on them. */
  async join({ numRows, columns }: Batch): Promise<Scored> {
    const rows: number[] = [];
    const scores: number[] = [];
    for (let i = 0; i < numRows; i++) {
      const shard = this.shard && this.next < this.shard.flight.length ? this.shard : await this.advance();
      if (!shard) break;
      if (Number(columns.flight[i]) !== shard.flight[this.next]) continue;
      const score = shard.scores[this.next++]!;
      if (!Number.isFinite(score)) continue;
      rows.push(i);
      scores.push(score);
    }
    return {
      numRows: rows.length,
      columns: {
        flight: Int32Array.from(rows, (i) => Number(columns.flight[i])),
        at: Int32Array.from(rows, (i) => Number(columns.at[i])),
        origin: rows.map((i) => columns.origin[i]!),
        destination: rows.map((i) => columns.destination[i]!),
        score: Float32Array.from(scores),
        model: rows.map(() => this.model),
      },
    };
  }
  /** Throws when scores are left over. */
  async checkComplete(): Promise<void> {
    let left = this.shard ? this.shard.flight.length - this.next : 0;
    for (let next = await this.shards.next(); !next.done; next = await this.shards.next()) left += next.value.flight.length;
    if (left > 0) throw new Error(`${left} scores belong to no row`);
  }

  private async advance(): Promise<ShardScores | null> {
    this.shard = null;
    this.next = 0;
    for (;;) {
      const next = await this.shards.next();
      if (next.done) return null;
      if (next.value.flight.length > 0) return (this.shard = next.value);
    }
  }
}
