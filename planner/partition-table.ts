/** What is published of a dataset, in columns: a million partitions fit into memory. Keys are formatted ('2001-03-01|en'). */
export interface PublishedState {
  readonly generation: number;
  /** null: another system's, which has none. */
  readonly manifest: string | null;
  /** Index into the producers. */
  readonly producer: number;
  /** 'run/step' that made it; null: not known. */
  readonly madeBy: string | null;
  /** ms since the epoch. */
  readonly publishedAt: number;
  /** What it was made from was known then or later. */
  readonly pinnedAt: number;
}
/** Who published: null fields where another system did. */
export interface Producer {
  readonly task: string | null;
  readonly version: string | null;
  readonly codeDigest: string | null;
}

export class PartitionTable {
  readonly producers: Producer[] = [];
  private readonly index = new Map<string, number>();
  private readonly producerIndex = new Map<string, number>();
  readonly generation: number[] = [];
  readonly manifest: (string | null)[] = [];
  readonly producer: number[] = [];
  readonly madeBy: (string | null)[] = [];
  readonly publishedAt: number[] = [];
  readonly pinnedAt: number[] = [];

  add(key: string, by: Producer, state: Omit<PublishedState, 'producer'>): void {
    const name = `${by.task}@${by.version}@${by.codeDigest}`;
    let producer = this.producerIndex.get(name);
    if (producer === undefined) {
      producer = this.producers.push(by) - 1;
      this.producerIndex.set(name, producer);
    }
    const row = this.index.get(key) ?? this.generation.length;
    this.index.set(key, row);
    this.generation[row] = state.generation;
    this.manifest[row] = state.manifest;
    this.producer[row] = producer;
    this.madeBy[row] = state.madeBy;
    this.publishedAt[row] = state.publishedAt;
    this.pinnedAt[row] = state.pinnedAt;
  }
  /** -1: not published. */
  row(key: string): number {
    return this.index.get(key) ?? -1;
  }
  get size(): number {
    return this.index.size;
  }
  keys(): IterableIterator<string> {
    return this.index.keys();
  }
  /** Who published the partition of a row. */
  producerOf(row: number): Producer {
    return this.producers[this.producer[row] ?? -1] ?? { task: null, version: null, codeDigest: null };
  }
}
