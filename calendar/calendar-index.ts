/**
 * Days, weeks (ISO, from Monday), months, quarters and years as whole numbers, on the wall: which one holds a wall time, when it
 * begins, how it is written. Arithmetic alone, no time zones. Only calendar/ imports this.
 */
export type CalendarGrain = 'day' | 'week' | 'month' | 'quarter' | 'year';

const DAY_MS = 86_400_000;
const MONTHS = { month: 1, quarter: 3, year: 12 } as const;

/** Days, weeks (from Monday 1969-12-29), months, quarters or years since 1970, of a wall time. */
export function indexOf(grain: CalendarGrain, wall: number): number {
  const day = Math.floor(wall / DAY_MS);
  if (grain === 'day') return day;
  if (grain === 'week') return Math.floor((day + 3) / 7);
  const date = new Date(wall);
  return Math.floor(((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()) / MONTHS[grain]);
}
/** The wall time at which it begins. */
export function wallOf(grain: CalendarGrain, index: number): number {
  if (grain === 'day') return index * DAY_MS;
  return grain === 'week' ? (index * 7 - 3) * DAY_MS : monthStart(index * MONTHS[grain]);
}

/** Date.UTC takes the years 0 to 99 for 1900 to 1999. */
function monthStart(months: number): number {
  const year = 1970 + Math.floor(months / 12);
  return year >= 100 ? Date.UTC(year, months - (year - 1970) * 12, 1) : new Date(0).setUTCFullYear(year, months - (year - 1970) * 12, 1);
}

/** '2001-03-01', '2001-W09', '2001-03', '2001-Q1', '2001' of a wall time. */
export function textOf(grain: CalendarGrain, wall: number): string {
  if (grain === 'week') return weekText(indexOf('week', wall));
  const day = dayText(wall);
  if (grain === 'day') return day;
  if (grain === 'month') return day.slice(0, -3);
  return grain === 'year' ? day.slice(0, -6) : `${day.slice(0, -6)}-Q${Math.ceil(Number(day.slice(-5, -3)) / 3)}`;
}

/** The wall time at which '2001-03-01' (or '2001-W09'...) begins; null where there is no such one. The text has the grain's shape. */
export function wallOfText(grain: CalendarGrain, text: string): number | null {
  const year = Number(text.slice(0, 4));
  if (grain === 'day') return dayOf(text);
  if (grain === 'month') return dayOf(`${text}-01`);
  if (grain === 'year') return dayOf(`${text}-01-01`);
  const part = Number(text.slice(6));
  if (grain === 'quarter') return part >= 1 && part <= 4 ? dayOf(`${text.slice(0, 4)}-${two(part * 3 - 2)}-01`) : null;
  return wallOf('week', indexOf('week', Date.UTC(year, 0, 4)) + part - 1);
}

/** The year of an ISO week is that of its Thursday; week 1 holds January 4th. */
function weekText(index: number): string {
  const year = new Date(wallOf('week', index) + 3 * DAY_MS).getUTCFullYear();
  const week = index - indexOf('week', Date.UTC(year, 0, 4)) + 1;
  return `${String(year).padStart(4, '0')}-W${two(week)}`;
}

/** Midnight of '2001-03-01' on the wall; null where there is no such day. */
export function dayOf(text: string): number | null {
  if (text === lastDay.text) return lastDay.at;
  const at = Date.parse(`${text}T00:00:00Z`);
  const found = Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? null : at;
  lastDay = { text, at: found };
  return found;
}
/** Hours of one day follow each other. */
let lastDay: { readonly text: string; readonly at: number | null } = { text: '', at: null };

/** '2001-03-01' of a wall time. */
export function dayText(wall: number): string {
  const day = Math.floor(wall / DAY_MS);
  if (day !== lastText.day) lastText = { day, text: new Date(wall).toISOString().split('T')[0] ?? '' };
  return lastText.text;
}
let lastText = { day: Number.NaN, text: '' };

export const two = (n: number): string => (n < 10 ? `0${n}` : String(n));
