/**
 * Cron expressions of schedules: five fields, in a time zone. Checked field by field, so that a message names the field.
 * `heddle check`, server and command line; never in the workflow sandbox.
 */
import { Cron } from 'croner';
import { badZone } from './bad-zone.ts';

interface FieldRule {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}
const FIELDS: readonly FieldRule[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] },
  { name: 'weekday', least: 0, most: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
];
/** 2000 and 2004 are leap years, so 8 years from here hold every date that exists. A fixed time: the answer is the same each day. */
const SEARCH_FROM = Date.UTC(2000, 0, 1);
const EIGHT_YEARS_MS = 2922 * 86_400_000;

/** null when the schedule can be; else a sentence that says what is wrong with which field or with the time zone. */
export function checkCron(cron: string, timezone: string): string | null {
  return badZone(timezone) ?? badExpression(cron) ?? neverFires(cron, timezone);
}

function badExpression(cron: string): string | null {
  const texts = cron.trim().split(/\s+/);
  if (cron.trim() === '' || texts.length !== FIELDS.length) {
    return `"${cron}" has ${cron.trim() === '' ? 0 : texts.length} fields, and a cron expression has five: minute, hour, day of the month, month, weekday.`;
  }
  for (const [i, rule] of FIELDS.entries()) {
    const problem = badField(texts[i] as string, rule);
    if (problem !== null) return `"${cron}": ${problem}`;
  }
  return null;
}

function badField(text: string, rule: FieldRule): string | null {
  for (const part of text.split(',')) {
    const [, range, step] = /^([^/]+)(?:\/([^/]+))?$/.exec(part) ?? [];
    if (range === undefined) return `the ${rule.name} "${part}" is not understood.`;
    if (step !== undefined) {
      const size = /^\d+$/.test(step) ? Number(step) : Number.NaN;
      if (!(size >= 1 && size <= rule.most)) return `the step "${step}" of the ${rule.name} must be a number from 1 to ${rule.most}.`;
    }
    if (range === '*') continue;
    const ends = range.split('-');
    if (ends.length > 2) return `the ${rule.name} "${range}" is no range.`;
    const values = ends.map((end) => valueOf(end, rule));
    const wrong = values.findIndex((value) => value === null);
    if (wrong >= 0)
      return `the ${rule.name} "${ends[wrong] ?? ''}" is not in ${rule.least} to ${rule.most}${rule.names ? `, and no name such as ${rule.names[1]}` : ''}.`;
    const [from, to] = values as [number, number | undefined];
    if (to !== undefined && to < from) return `the ${rule.name} "${range}" runs backwards.`;
    if (to === undefined && step !== undefined) return `the ${rule.name} "${part}" has a step without a range: write ${range}-${rule.most}/${step}.`;
  }
  return null;
}

function valueOf(text: string, rule: FieldRule): number | null {
  const named = rule.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return named + (rule.least === 1 ? 1 : 0);
  if (!/^\d{1,2}$/.test(text)) return null;
  const value = Number(text);
  return value >= rule.least && value <= rule.most ? value : null;
}

function neverFires(cron: string, timezone: string): string | null {
  const first = new Cron(cron, { timezone, paused: true }).nextRun(new Date(SEARCH_FROM));
  if (first && first.getTime() < SEARCH_FROM + EIGHT_YEARS_MS) return null;
  return `"${cron}" never fires: no year has such a day of the month.`;
}
