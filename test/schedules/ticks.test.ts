import { describe, expect, it } from 'vitest';
import { keysOfTick } from '../../api/schedules/schedule-pass.ts';
import { delayOf, nominalAfter } from '../../calendar/schedule-ticks.ts';
import type { DimensionDef, Plan, ScheduleDef } from '../../dsl/plan/types.ts';

const schedule = (given: Partial<ScheduleDef>): ScheduleDef => ({ cron: '0 2 * * *', timezone: 'UTC', overlap: 'queue', catchupMs: 0, jitterMs: 0, ...given });
const plan = (partitions: Readonly<Record<string, DimensionDef>>) => ({ contracts: { partitions } as unknown as Plan['contracts'] });
/** All nominal times from one instant to another. */
function ticks(of: ScheduleDef, from: string, to: string): number[] {
  const found: number[] = [];
  for (let at = nominalAfter(of, Date.parse(from)); at !== null && at <= Date.parse(to); at = nominalAfter(of, at)) found.push(at);
  return found;
}

describe('a year of a schedule in Berlin, over both changes of the clock', () => {
  it('daily at 02:30, which one day does not have and another has twice: each day has its run once, and none is left out', () => {
    const daily = schedule({ cron: '30 2 * * *', timezone: 'Europe/Berlin' });
    const keys = ticks(daily, '2001-01-01T00:00:00Z', '2001-12-31T23:59:59Z').map(
      (at) => keysOfTick(plan({ day: { kind: 'day', start: '2000-01-01', timezone: 'Europe/Berlin' } }), at)?.[0]?.['day'],
    );
    const days = Array.from({ length: 365 }, (_, i) => new Date(Date.UTC(2000, 11, 31 + i)).toISOString().slice(0, 10));
    expect(keys).toEqual(days);
  });

  it('hourly: 8,760 hours, each once, the hour that comes twice as two and the one that is skipped as none', () => {
    const hourly = schedule({ everyMs: 3_600_000, cron: '' });
    const keys = ticks(hourly, '2000-12-31T23:00:00Z', '2001-12-31T23:00:00Z').map(
      (at) => keysOfTick(plan({ hour: { kind: 'hour', start: '2000-01-01', timezone: 'Europe/Berlin' } }), at)?.[0]?.['hour'] ?? '',
    );
    expect(keys).toHaveLength(8_760);
    expect(new Set(keys).size).toBe(8_760);
    expect(keys.filter((key) => key.startsWith('2001-10-28T02'))).toEqual(['2001-10-28T02+02:00', '2001-10-28T02+01:00']);
    expect(keys.filter((key) => key.startsWith('2001-03-25T02'))).toEqual([]);
    expect(keys[0]).toBe('2001-01-01T00+01:00');
    expect(keys.at(-1)).toBe('2001-12-31T23+01:00');
  });
});

describe('a tick', () => {
  it('means the last partition that has ended, and each of the fixed keys', () => {
    const products = plan({ day: { kind: 'day', start: '2001-01-01' }, wiki: { kind: 'keys', keys: ['en', 'de'] } });
    expect(keysOfTick(products, Date.parse('2001-03-02T00:00:00Z'))).toEqual([
      { day: '2001-03-01', wiki: 'en' },
      { day: '2001-03-01', wiki: 'de' },
    ]);
    expect(keysOfTick(products, Date.parse('2001-03-01T23:59:59Z'))?.[0]).toEqual({ day: '2001-02-28', wiki: 'en' });
    expect(keysOfTick(products, Date.parse('2001-01-01T05:00:00Z'))).toBeNull();
  });
  it('does not come on days that are left out, by the local calendar', () => {
    const of = schedule({ timezone: 'America/New_York', except: ['2001-12-25', '2001-12-26'] });
    const days = ticks(of, '2001-12-23T12:00:00Z', '2001-12-28T12:00:00Z').map((at) => new Date(at).toISOString().slice(0, 10));
    expect(days).toEqual(['2001-12-24', '2001-12-27', '2001-12-28']);
  });
  it('of many schedules on one minute comes evenly over the spread, for each at the same place every time', () => {
    const of = schedule({ spreadMs: 600_000 });
    const delays = Array.from({ length: 5_000 }, (_, i) => delayOf(of, 'p', `pipeline-${i}`, 0));
    const perMinute = Array.from({ length: 10 }, (_, minute) => delays.filter((ms) => Math.floor(ms / 60_000) === minute).length);
    for (const count of perMinute) expect(Math.abs(count - 500)).toBeLessThan(100);
    expect(delays.every((ms, i) => ms === delayOf(of, 'p', `pipeline-${i}`, 86_400_000))).toBe(true);
    const jittered = schedule({ jitterMs: 600_000 });
    expect(delayOf(jittered, 'p', 'a', 0)).not.toBe(delayOf(jittered, 'p', 'a', 86_400_000));
  });
});
