/**
 * How a serving process reads predictions. Each call reads the pointer once and takes all its keys from that version, so a
 * reader never sees a mix of two. A verifier reads a version that is not served yet through the same code.
 */
import { openCache, type CacheStore } from './cache-store.ts';
import { decodePrediction, type Prediction } from './prediction.ts';

export interface CacheReader {
  /** The version that the next call reads; null while nothing is served. */
  version(): string | null;
  get(key: string): Prediction | null;
  /** In the order of the keys; null for what is not there or has expired. */
  getMany(keys: readonly string[]): { readonly version: string | null; readonly predictions: readonly (Prediction | null)[] };
  close(): Promise<void>;
}
export interface ReaderOptions {
  /** Reads this version instead of the one that is served. */
  readonly version?: string;
  /** Seconds since the epoch; default: the clock. */
  readonly now?: () => number;
}

export async function openCacheReader(folder: string, namespace: string, options: ReaderOptions = {}): Promise<CacheReader> {
  const store = await openCache(folder, namespace);
  return readerOf(store, options);
}

function readerOf(store: CacheStore, { version: fixed, now = () => Date.now() / 1000 }: ReaderOptions): CacheReader {
  const version = (): string | null => fixed ?? store.pointer()?.version ?? null;
  const getMany = (keys: readonly string[]): ReturnType<CacheReader['getMany']> => {
    const current = version();
    const table = current === null ? null : store.table(current);
    const time = now();
    return {
      version: current,
      predictions: keys.map((key) => {
        const bytes = table?.get(key);
        const found = bytes ? decodePrediction(bytes) : null;
        return found && found.expiresAt > time ? found : null;
      }),
    };
  };
  return { version, getMany, get: (key) => getMany([key]).predictions[0] ?? null, close: () => store.close() };
}
