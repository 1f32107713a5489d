/** Cron expressions: what can be, what cannot, and when they fire. */
import { describe, expect, it } from 'vitest';
import { checkCron } from '../../calendar/check-cron.ts';
import { nextTicks } from '../../calendar/next-ticks.ts';

describe('a cron expression', () => {
  it.each(['0 3 * * *', '*/15 * * * *', '0 0 1,15 * *', '5 4 * JAN-MAR MON', '0 0 29 2 *', '0-30/10 8-18 * * 1-5', '0 0 * * 7', '0 0 31 2 1'])(
    '%s can be',
    (cron) => {
      expect(checkCron(cron, 'UTC')).toBeNull();
    },
  );

  it.each([
    ['', 'has 0 fields'],
    ['0 3 * *', 'has 4 fields'],
    ['0 0 3 * * *', 'has 6 fields'],
    ['@daily', 'has 1 fields'],
    ['60 3 * * *', 'the minute "60" is not in 0 to 59'],
    ['0 24 * * *', 'the hour "24" is not in 0 to 23'],
    ['0 3 0 * *', 'the day of the month "0" is not in 1 to 31'],
    ['0 3 * 13 *', 'the month "13" is not in 1 to 12, and no name such as FEB'],
    ['0 3 * MON *', 'the month "MON" is not in'],
    ['0 3 * * 8', 'the weekday "8" is not in 0 to 7, and no name such as MON'],
    ['0 3 * * FRI-MON', 'the weekday "FRI-MON" runs backwards'],
    ['30-10 3 * * *', 'the minute "30-10" runs backwards'],
    ['*/0 3 * * *', 'the step "0" of the minute must be a number from 1 to 59'],
    ['*/x 3 * * *', 'the step "x" of the minute'],
    ['5/10 3 * * *', 'write 5-59/10'],
    ['1,,2 3 * * *', 'the minute "" is not understood'],
    ['1-2-3 3 * * *', 'the minute "1-2-3" is no range'],
    ['-5 3 * * *', 'the minute "" is not in'],
    ['0 0 31 2 *', 'never fires'],
    ['0 0 31 4,6,9,11 *', 'never fires'],
    ['0 0 30 2 *', 'never fires'],
  ])('"%s" cannot be: %s', (cron, why) => {
    expect(checkCron(cron, 'UTC')).toContain(why);
  });
});

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])('%s is known', (zone) => {
    expect(checkCron('0 3 * * *', zone)).toBeNull();
  });
  it.each([
    ['Europe/Berlim', '"Europe/Berlim" is no time zone of the IANA list'],
    ['berlin', 'did you mean "Europe/Berlin"?'],
    ['new york', 'did you mean "America/New_York"?'],
    ['+02:00', 'is no time zone'],
    ['', 'is no time zone'],
    ['Local', 'is no time zone'],
  ])('"%s" is refused', (zone, why) => {
    expect(checkCron('0 3 * * *', zone)).toContain(why);
  });
});

describe('ticks', () => {
  const iso = (cron: string, zone: string, after: string, count: number): string[] =>
    nextTicks(cron, zone, Date.parse(after), count).map((ms) => new Date(ms).toISOString().slice(0, 16));

  it('come after the given instant, never at it', () => {
    expect(iso('0 3 * * *', 'UTC', '2001-03-01T03:00:00Z', 2)).toEqual(['2001-03-02T03:00', '2001-03-03T03:00']);
  });
  it('keep local time when the clocks change', () => {
    expect(iso('0 12 * * *', 'Europe/Berlin', '2001-03-23T20:00:00Z', 3)).toEqual(['2001-03-24T11:00', '2001-03-25T10:00', '2001-03-26T10:00']);
  });
  it('of a time that the spring leaves out come after the gap, once', () => {
    expect(iso('30 2 * * *', 'Europe/Berlin', '2001-03-24T12:00:00Z', 2)).toEqual(['2001-03-25T01:00', '2001-03-26T00:30']);
  });
  it('of a time that the autumn has twice come once', () => {
    expect(iso('30 2 * * *', 'Europe/Berlin', '2001-10-27T12:00:00Z', 2)).toEqual(['2001-10-28T00:30', '2001-10-29T01:30']);
  });
  it('of 29 February wait for a leap year, 2100 being none', () => {
    expect(iso('0 0 29 2 *', 'UTC', '2095-01-01T00:00:00Z', 2)).toEqual(['2096-02-29T00:00', '2104-02-29T00:00']);
  });
  it('take a day of the month or a weekday where both are given', () => {
    expect(iso('0 0 13 * 5', 'UTC', '2001-04-01T00:00:00Z', 3)).toEqual(['2001-04-06T00:00', '2001-04-13T00:00', '2001-04-20T00:00']);
  });
  it('of an impossible expression are refused with a code', () => {
    expect(() => nextTicks('0 0 31 2 *', 'UTC', 0, 1)).toThrow('HDL-CRON');
  });
});
