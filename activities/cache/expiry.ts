/** When entries expire: a lifetime from logical time, spread by the key so that they do not all go in one moment. Pure. */

/** Lifetimes are spread by this share. */
const JITTER = 0.2;

/** Seconds since the epoch. `asOf` is logical time, so that a retry writes the same bytes. */
export function expiries(keys: readonly string[], asOf: number, lifetimeS: number): Uint32Array {
  const out = new Uint32Array(keys.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.round(asOf + lifetimeS * (1 + JITTER * spread(keys[i]!)));
  return out;
}

/** 0 to 1, by the key alone (FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv). */
function spread(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 0xffff_ffff;
}
