/** Writes entries into a version in acknowledged batches, as fast as a throttle lets it. Worker side. */
import type { PutResult } from './cache-backend.ts';
import type { CacheStore } from './cache-store.ts';
import { sliceEntries, type Entries } from './prediction.ts';

/** Small enough that a batch in the embedded cache does not hold up the event loop, and that a throttle is felt. */
const BATCH = 5_000;

export interface WriteOptions {
  /** Waits until so many entries may be written. */
  take?(entries: number): Promise<void>;
  /** Entries that go together at most; default 5,000. */
  readonly batch?: number;
  /** Between batches: heartbeats, a cancel. */
  breathe?(): Promise<void>;
}

/** A retry overwrites its own entries with the same bytes, and leaves newer ones. */
export async function writePredictions(store: CacheStore, version: string, entries: Entries, options: WriteOptions = {}): Promise<PutResult> {
  const { batch = BATCH, take, breathe } = options;
  let written = 0;
  let newer = 0;
  for (let first = 0; first < entries.keys.length; first += batch) {
    const some = sliceEntries(entries, first, Math.min(entries.keys.length, first + batch));
    await take?.(some.keys.length);
    const done = await store.put(version, some);
    written += done.written;
    newer += done.newer;
    await breathe?.();
  }
  return { written, newer };
}
