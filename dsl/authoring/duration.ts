/** Durations as authors write them, in milliseconds. Pure; anybody may import this. */
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** '30m' -> 1800000. null for what is no duration; it must be above 0 and finite. */
export function durationMs(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text);
  if (!found) return null;
  const ms = Math.round(Number(found[1]) * (unitMs[found[2] as string] as number));
  return ms > 0 && Number.isSafeInteger(ms) ? ms : null;
}
