/** What is published of a dataset, in columns: a million partitions fit into memory. Keys are formatted ('2001-03-01|en'). */
export interface PublishedState {
  /** Digest, as it is kept; null: another system's, which has none. */
  readonly manifest: string | null;
  /** Of `producerNumber`. */
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
  private readonly producers: Producer[] = [];
  private readonly producerIndex = new Map<string, number>();
  private readonly index = new Map<string, number>();
  readonly publishedAt: number[] = [];
  readonly pinnedAt: number[] = [];
  readonly madeBy: (string | null)[] = [];
  private readonly producer: number[] = [];
  private readonly manifest: (string | null)[] = [];
  private readonly digestOf: (manifest: string) => string;

  /** `digestOf`: what a manifest's digest is, where it is kept in a shorter form. */
  constructor(digestOf: (manifest: string) => string = (text) => text) {
    this.digestOf = digestOf;
  }

  /** Number of a producer, for `add`. */
  producerNumber(by: Producer): number {
    const name = `${by.task}@${by.version}@${by.codeDigest}`;
    let number = this.producerIndex.get(name);
    if (number === undefined) {
      number = this.producers.push(by) - 1;
      this.producerIndex.set(name, number);
    }
    return number;
  }
  add(key: string, state: PublishedState): void {
    let row = this.index.get(key);
    if (row === undefined) {
      row = this.publishedAt.length;
      this.index.set(key, row);
    }
    this.publishedAt[row] = state.publishedAt;
    this.pinnedAt[row] = state.pinnedAt;
    this.madeBy[row] = state.madeBy;
    this.producer[row] = state.producer;
    this.manifest[row] = state.manifest;
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
  /** Digest of the manifest; '' for another system's partition. */
  digestAt(row: number): string {
    const kept = this.manifest[row];
    return kept == null ? '' : this.digestOf(kept);
  }
  /** Who published the partition of a row. */
  producerOf(row: number): Producer {
    return this.producers[this.producer[row] ?? -1] ?? { task: null, version: null, codeDigest: null };
  }
  /** All of them, with when each last published. */
  *published(): Generator<{ readonly by: Producer; readonly at: number }> {
    const last = new Map<number, number>();
    for (let row = 0; row < this.producer.length; row++) {
      const by = this.producer[row] ?? -1;
      last.set(by, Math.max(last.get(by) ?? 0, this.publishedAt[row] ?? 0));
    }
    for (const [by, at] of last) {
      const producer = this.producers[by];
      if (producer) yield { by: producer, at };
    }
  }
}
