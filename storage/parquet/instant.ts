/** Instants as rows carry them (ISO 8601 texts) and as columns do (microseconds since the epoch, exact). Pure. */

/** Microseconds; null for what is no instant with a zone. Keeps six digits of a fraction. */
export function microseconds(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string') return null;
  const [, head, fraction, zone] = /^([+-]?\d{4,6}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:?\d{2})$/.exec(value) ?? [];
  const ms = head === undefined ? Number.NaN : Date.parse(`${head}${zone ?? ''}`);
  if (Number.isNaN(ms)) return null;
  if (!zone || zone === 'Z') if (new Date(ms).toISOString().slice(0, head?.length) !== head) return null; // 30 February
  return BigInt(ms) * 1000n + BigInt((fraction ?? '').padEnd(6, '0').slice(0, 6) || '0');
}

/** '2001-03-01T05:06:07.123456Z', without a fraction that is zero. */
export function isoOf(us: bigint): string {
  const rest = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const text = new Date(Number((us - rest) / 1000n)).toISOString().slice(0, -5); // without '.000Z'
  return rest === 0n ? `${text}Z` : `${text}.${String(rest).padStart(6, '0').replace(/0+$/, '')}Z`;
}
