/** The state of a namespace: its versions and which of them is served. Pure; every change is one compare-and-set in cache-store.ts. */

/** What readers are served from. */
export interface Pointer {
  readonly version: string;
  /** The version before, kept for a swap back; null: none. */
  readonly previous: string | null;
  /** Idempotency key of the swap that put it there. */
  readonly by: string;
  /** Seconds since the epoch. */
  readonly at: number;
}
export interface VersionInfo {
  readonly version: string;
  /** Seconds since the epoch. */
  readonly madeAt: number;
  /** Its table is being removed: it can never be served again. */
  readonly dropping: boolean;
}
export interface CacheState {
  readonly pointer: Pointer | null;
  readonly versions: readonly VersionInfo[];
}
const EMPTY: CacheState = { pointer: null, versions: [] };

/** Written by encodeState alone. */
export const decodeState = (text: string | null): CacheState => (text === null ? EMPTY : (JSON.parse(text) as CacheState));
export const encodeState = (state: CacheState): string => JSON.stringify(state);

const find = (state: CacheState, version: string): VersionInfo | undefined => state.versions.find((one) => one.version === version);

export function withVersion(state: CacheState, version: string, now: number): CacheState {
  if (find(state, version)) return state;
  return { ...state, versions: [...state.versions, { version, madeAt: now, dropping: false }] };
}

/** null: refused, because the pointer is not at `from` (null: at nothing), or `to` is no version that can be served. */
export function swapped(state: CacheState, from: string | null, to: string, by: string, now: number): CacheState | null {
  const { pointer } = state;
  if (pointer?.version === to && pointer.by === by) return state; // a repeat after a lost answer
  if ((pointer?.version ?? null) !== from) return null;
  const target = find(state, to);
  if (!target || target.dropping) return null;
  return { ...state, pointer: { version: to, previous: from, by, at: now } };
}

/** Marks a version so that no swap can reach it any more; null: it is served. */
export function dropping(state: CacheState, version: string): CacheState | null {
  if (state.pointer?.version === version) return null;
  return { ...state, versions: state.versions.map((one) => (one.version === version ? { ...one, dropping: true } : one)) };
}

export const dropped = (state: CacheState, version: string): CacheState => ({
  pointer: state.pointer?.previous === version ? { ...state.pointer, previous: null } : state.pointer,
  versions: state.versions.filter((one) => one.version !== version),
});
