/**
 * What the files of another system are: checksums by the file system, rows by their footers. A local checksum reads the whole
 * file, so what is known is kept for a while by name, size and time, and who asks meanwhile for the same waits for the same
 * answer: a pin that is tried again goes on where it was. Server.
 */
import type { StoreEntry } from '../file-system.ts';
import type { Store } from '../store.ts';

export interface FileFacts {
  /** The file system's checksum, 'ALGORITHM:...'. */
  readonly digest: string;
  readonly rows: number;
}
/** Who asked: hears of each file that is done, and may have no more use for the answer. */
export interface Asker {
  readonly signal?: AbortSignal | undefined;
  readonly onFile?: (() => void) | undefined;
}
interface Known {
  readonly facts: Promise<FileFacts>;
  /** ms since the epoch; Infinity while it is being found out. */
  until: number;
}
/** A file that was rewritten with the same size and time is known as what it was no longer than this. */
const KEPT_MS = 600_000;
const MOST_KEPT = 100_000;
/** Files of one store that are read at once. */
const AT_ONCE = 8;

class ForeignFiles {
  private readonly store: Store;
  private readonly known = new Map<string, Known>();
  private readonly waiting: (() => void)[] = [];
  private free = AT_ONCE;
  constructor(store: Store) {
    this.store = store;
  }

  async of(entries: readonly StoreEntry[], { signal, onFile }: Asker): Promise<FileFacts[]> {
    const found: FileFacts[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < entries.length) {
        signal?.throwIfAborted();
        const at = next++;
        found[at] = await this.one(entries[at] as StoreEntry); // within its length
        onFile?.();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return found;
  }

  private one(entry: StoreEntry): Promise<FileFacts> {
    const id = `${entry.bytes} ${entry.mtimeMs} ${entry.uri}`;
    const known = this.known.get(id);
    if (known && known.until > Date.now()) return known.facts;
    const one: Known = { facts: this.inTurn(() => this.lookAt(entry)), until: Infinity };
    this.known.set(id, one);
    one.facts.then(
      () => {
        one.until = Date.now() + KEPT_MS;
        this.forget();
      },
      () => {
        if (this.known.get(id) === one) this.known.delete(id); // the next one looks again
      },
    );
    return one.facts;
  }

  private async lookAt({ uri, bytes }: StoreEntry): Promise<FileFacts> {
    const { readFooter } = await import('../parquet/footer.ts');
    // by the footer first: what is no Parquet is told before all of it is read
    const { metadata } = await readFooter({ name: uri, size: bytes, read: (start, end) => this.store.read(uri, { offset: start, length: end - start }) });
    return { digest: await this.store.checksum(uri), rows: Number(metadata.num_rows) };
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve)); // whoever ends hands its place over
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }

  private forget(): void {
    const now = Date.now();
    for (const [id, { until }] of this.known) {
      if (until > now && this.known.size <= MOST_KEPT) return;
      if (until !== Infinity) this.known.delete(id);
    }
  }
}
const ofStores = new WeakMap<Store, ForeignFiles>();

/** In the order of the entries. Throws HDL-BAD-FILE for what is no Parquet, HDL-NOT-FOUND for a file that went, the signal's reason. */
export function foreignFacts(store: Store, entries: readonly StoreEntry[], asker: Asker = {}): Promise<FileFacts[]> {
  const files = ofStores.get(store) ?? new ForeignFiles(store);
  ofStores.set(store, files);
  return files.of(entries, asker);
}
