/**
 * Time partitions by walking: every quarter of an hour (away from midnight: every six hours) is labelled by what Intl says that a clock on the
 * wall shows, and neighbours with one label are one partition. Shares no code with calendar/, luxon included.
 */
export interface Walked {
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
}
export type Grain = 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

export function walk(grain: Grain, timezone: string, fromMs: number, toMs: number): Walked[] {
  const format =
    formats.get(timezone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  formats.set(timezone, format);
  const walked: { key: string; startMs: number; endMs: number }[] = [];
  const stepMs = grain === 'hour' ? QUARTER_MS : 24 * QUARTER_MS; // six hours with one day at both ends are all that day
  for (let at = fromMs; at < toMs;) {
    const key = label(grain, format, at);
    const last = walked.at(-1);
    const size = label(grain, format, at + stepMs) === key ? stepMs : QUARTER_MS;
    if (last?.key === key) last.endMs = at + size;
    else walked.push({ key, startMs: at, endMs: at + size });
    at += size;
  }
  return walked.slice(1, -1); // those at the ends may be cut off
}

function label(grain: Grain, format: Intl.DateTimeFormat, at: number): string {
  const [, date = '', month = '', year = '', hour = '', time = ''] = /^(\d+)\/(\d+)\/(\d+), (\d+)(.*)$/.exec(format.format(at)) ?? [];
  const day = `${year}-${month}-${date}`;
  if (grain === 'day') return day;
  if (grain === 'month') return day.slice(0, 7);
  if (grain === 'quarter') return `${year}-Q${Math.floor((Number(month) + 2) / 3)}`;
  if (grain === 'year') return year;
  if (grain === 'week') return isoWeek(Date.parse(day));
  const minutes = (Date.parse(`${day}T${hour}${time}Z`) - at) / 60_000;
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${day}T${hour}${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

/** Partitions by a cron expression with a * in its hour or minute: each minute whose wall time fits begins one. `fits` sees 'MM-DD HH:MM' and the weekday. */
export function walkMinutes(timezone: string, fromMs: number, toMs: number, fits: (wall: string, weekday: number) => boolean): number[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hourCycle: 'h23',
    weekday: 'short',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const found: number[] = [];
  for (let at = fromMs; at < toMs; at += 60_000) {
    const [, weekday = '', day = '', month = '', time = ''] = /^(\w+) (\d+)\/(\d+), (.*)$/.exec(format.format(at)) ?? [];
    if (fits(`${month}-${day} ${time}`, ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(weekday))) found.push(at);
  }
  return found;
}

/** Counts Thursdays from the beginning of the Thursday's year. */
function isoWeek(day: number): string {
  let thursday = day;
  const toMonday = (new Date(day).getUTCDay() + 6) % 7;
  thursday += (3 - toMonday) * DAY_MS;
  const year = new Date(thursday).getUTCFullYear();
  let week = 0;
  for (let at = thursday; new Date(at).getUTCFullYear() === year; at -= 7 * DAY_MS) week += 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
