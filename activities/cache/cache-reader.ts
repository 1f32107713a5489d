/**
 * How a serving process reads predictions. Each call takes all its keys from the version that the pointer names, so a reader
 * never sees a mix of two. A verifier reads a version that is not served yet through the same code.
 */
import type { CacheStore } from './cache-store.ts';
import type { Prediction } from './prediction.ts';

export interface CacheReader {
  /** The version that is served; null while nothing is. */
  version(): Promise<string | null>;
  /** null: not there or expired. A `score` of null is a negative result: known to have none. */
  get(key: string): Promise<Prediction | null>;
  /** In the order of the keys. */
  getMany(keys: readonly string[]): Promise<ReadResult>;
}
export interface ReadResult {
  readonly version: string | null;
  readonly predictions: readonly (Prediction | null)[];
}
export interface ReaderOptions {
  /** Reads this version instead of the one that is served. */
  readonly version?: string;
  /** Seconds since the epoch; default: the clock. */
  readonly now?: () => number;
}

/** Over an open store, which the caller closes. */
export function cacheReader(store: CacheStore, { version: fixed, now = () => Date.now() / 1000 }: ReaderOptions = {}): CacheReader {
  /** What the last call was served from: asked for along with the pointer, so that a call takes one round trip. */
  let last: string | null = fixed ?? null;
  const version = async (): Promise<string | null> => fixed ?? (await store.pointer())?.version ?? null;
  const getMany = async (keys: readonly string[]): Promise<ReadResult> => {
    const guess = last;
    const [pointed, guessed] = await Promise.all([version(), guess === null ? null : store.get(guess, keys).catch(() => null)]);
    let current = pointed;
    let found = pointed === guess ? guessed : null;
    for (let attempt = 1; current !== null && found === null; attempt++) {
      // the pointer has moved since the last call, or the guess was just reclaimed
      try {
        found = await store.get(current, keys);
      } catch (error) {
        const moved = await version();
        if (moved === current || attempt === 3) throw error;
        current = moved;
      }
    }
    last = current;
    const time = now();
    return {
      version: current,
      predictions: current === null || !found ? keys.map(() => null) : found.map((one) => (one && one.expiresAt > time ? one : null)),
    };
  };
  return { version, getMany, get: async (key) => (await getMany([key])).predictions[0] ?? null };
}
