/** Instants as rows carry them (ISO 8601 texts) and as columns do (microseconds since the epoch, exact). Pure. */

/** The day of the last text: a column's instants are mostly of few days. */
let lastDay = '';
let lastDayMs = Number.NaN;
/** Milliseconds of '2001-03-01T05:06:07Z', the usual form; NaN for any other, which may be an instant all the same. */
function usualForm(text: string): number {
  if (text.length !== 20 || text.charCodeAt(10) !== 84 || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58 || text.charCodeAt(19) !== 90)
    return Number.NaN;
  const pair = (at: number): number => {
    const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48];
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
  };
  const [hours, minutes, seconds] = [pair(11), pair(14), pair(17)];
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN;
  const day = text.slice(0, 10);
  if (day !== lastDay) {
    lastDay = day;
    const us = slowly(`${day}T00:00:00Z`);
    lastDayMs = us === null ? Number.NaN : Number(us / 1000n);
  }
  return lastDayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** Microseconds; null for what is no instant with a zone. Keeps six digits of a fraction. */
export function microseconds(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string') return null;
  const ms = usualForm(value);
  return Number.isNaN(ms) ? slowly(value) : BigInt(ms) * 1000n;
}

function slowly(value: string): bigint | null {
  const [, head, fraction, zone] = /^([+-]?\d{4,6}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:?\d{2})$/.exec(value) ?? [];
  const ms = head === undefined ? Number.NaN : Date.parse(`${head}${zone ?? ''}`);
  if (Number.isNaN(ms)) return null;
  if (!zone || zone === 'Z') if (new Date(ms).toISOString().slice(0, head?.length) !== head) return null; // 30 February
  return BigInt(ms) * 1000n + BigInt((fraction ?? '').padEnd(6, '0').slice(0, 6) || '0');
}

const DAY_S = 86_400;
const two = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));
/** isoOf for many: instants of one day share its text, as those of a sorted column mostly do. */
export function isoWriter(): (us: bigint) => string {
  let day = Number.NaN;
  let date = '';
  return (us) => {
    const micros = Number(us);
    if (!Number.isSafeInteger(micros)) return isoOf(us);
    const seconds = Math.floor(micros / 1e6);
    if (micros !== seconds * 1e6) return isoOf(us);
    const of = Math.floor(seconds / DAY_S);
    if (of !== day) {
      day = of;
      date = isoOf(BigInt(of * DAY_S) * 1_000_000n).split('T')[0] ?? '';
    }
    const rest = seconds - of * DAY_S;
    return `${date}T${two[Math.floor(rest / 3600)]}:${two[Math.floor(rest / 60) % 60]}:${two[rest % 60]}Z`;
  };
}

/** '2001-03-01T05:06:07.123456Z', without a fraction that is zero. */
function isoOf(us: bigint): string {
  const rest = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const text = new Date(Number((us - rest) / 1000n)).toISOString().slice(0, -5); // without '.000Z'
  return rest === 0n ? `${text}Z` : `${text}.${String(rest).padStart(6, '0').replace(/0+$/, '')}Z`;
}
