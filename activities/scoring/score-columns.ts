/** Puts scores beside the rows they belong to, batch by batch, in the order of the day. Worker side. */
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

export class ScoreColumns {
  private readonly flight: Int32Array;
  private readonly scores: Float32Array;
  private readonly model: string;
  private next = 0;

  /** `flight`: ascending; scores[i] belongs to flight[i]. */
  constructor(flight: Int32Array, scores: Float32Array, model: string) {
    this.flight = flight;
    this.scores = scores;
    this.model = model;
  }

  /** Rows of the batch that were scored; the others are in quarantine. */
  join({ numRows, columns }: Batch): Scored {
    const rows: number[] = [];
    const first = this.next;
    for (let i = 0; i < numRows; i++) {
      if (Number(columns.flight[i]) !== this.flight[this.next]) continue;
      rows.push(i);
      this.next++;
    }
    return {
      numRows: rows.length,
      columns: {
        flight: this.flight.slice(first, this.next),
        at: Int32Array.from(rows, (i) => Number(columns.at[i])),
        origin: rows.map((i) => columns.origin[i]!),
        destination: rows.map((i) => columns.destination[i]!),
        score: this.scores.slice(first, this.next),
        model: rows.map(() => this.model),
      },
    };
  }
  /** Throws when scores are left over. */
  checkComplete(): void {
    if (this.next !== this.flight.length) throw new Error(`${this.flight.length - this.next} scores belong to no row`);
  }
}
