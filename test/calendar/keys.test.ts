import { describe, expect, it } from 'vitest';
import { keysBetween, keysOf } from '../../calendar/keys-of.ts';
import { formatKey, parseKey, partitionScope } from '../../calendar/partition-scope.ts';

const Day = { day: { kind: 'day', start: '2001-01-01' } } as const;
const hourIn = (timezone: string) => ({ hour: { kind: 'hour', start: '1990-01-01', timezone } }) as const;
const dayIn = (timezone: string) => ({ day: { kind: 'day', start: '1990-01-01', timezone } }) as const;
const Product = { day: { kind: 'day', start: '2001-01-01' }, wiki: { kind: 'keys', keys: ['en', 'de'] }, model: { kind: 'dynamic' } } as const;
const days = (keys: readonly Readonly<Record<string, string>>[]): (string | undefined)[] => keys.map(({ day }) => day);
const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing was thrown';
};

describe('hours where the clock changes', () => {
  it('the hour that happens twice is two partitions', () => {
    const keys = keysBetween(hourIn('Europe/Berlin'), { hour: '2001-10-28T01+02:00' }, { hour: '2001-10-28T03+01:00' });
    expect(keys.map(({ hour }) => hour)).toEqual(['2001-10-28T01+02:00', '2001-10-28T02+02:00', '2001-10-28T02+01:00', '2001-10-28T03+01:00']);
    expect(partitionScope(hourIn('Europe/Berlin'), { hour: '2001-10-28T02+01:00' }, 0)).toMatchObject({
      start: '2001-10-28T01:00:00Z',
      end: '2001-10-28T02:00:00Z',
    });
  });
  it('an hour that does not exist is refused, with the key of the hour that comes instead', () => {
    expect(messageOf(() => parseKey(hourIn('Europe/Berlin'), '2001-03-25T02+01:00'))).toBe(
      'HDL-BAD-KEY: There is no hour "2001-03-25T02+01:00" in Europe/Berlin.\n  where: dimension hour\n  do: Write it with the offset of Europe/Berlin: 2001-03-25T03+02:00.\n  more: docs/errors/HDL-BAD-KEY.md',
    );
  });
  it('where the clock goes back by half an hour the half that is repeated is a partition of its own', () => {
    const keys = keysBetween(hourIn('Australia/Lord_Howe'), { hour: '2019-04-07T01+11:00' }, { hour: '2019-04-07T02+10:30' });
    expect(keys.map(({ hour }) => hour)).toEqual(['2019-04-07T01+11:00', '2019-04-07T01+10:30', '2019-04-07T02+10:30']);
    expect(partitionScope(hourIn('Australia/Lord_Howe'), { hour: '2019-04-07T01+10:30' }, 0)).toMatchObject({
      start: '2019-04-06T15:00:00Z',
      end: '2019-04-06T15:30:00Z',
    });
  });
  it('one hour has one key, however it is written', () => {
    expect(parseKey(hourIn('UTC'), '2001-03-01T05Z')).toEqual({ hour: '2001-03-01T05+00:00' });
  });
});

describe('days, weeks and months', () => {
  it.each([
    ['Europe/Berlin', '2001-10-28', '2001-10-27T22:00:00Z', '2001-10-28T23:00:00Z'],
    ['Asia/Kathmandu', '2001-03-01', '2001-02-28T18:15:00Z', '2001-03-01T18:15:00Z'],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'], // no midnight
    ['America/Havana', '2020-11-01', '2020-11-01T04:00:00Z', '2020-11-02T05:00:00Z'], // two midnights: the first
    ['America/St_Johns', '2006-10-29', '2006-10-29T02:30:00Z', '2006-10-30T03:30:00Z'], // back over midnight, after one minute
  ])('in %s the day %s is from %s to %s', (zone, day, start, end) => {
    expect(partitionScope(dayIn(zone), { day }, 0)).toMatchObject({ key: day, day, start, end });
  });
  it('a day that a zone skipped is no partition, and its neighbours are neighbours', () => {
    expect(days(keysBetween(dayIn('Pacific/Apia'), { day: '2011-12-29' }, { day: '2011-12-31' }))).toEqual(['2011-12-29', '2011-12-31']);
    expect(partitionScope(dayIn('Pacific/Apia'), { day: '2011-12-31' }, 1)).toMatchObject({ previous: { key: '2011-12-29' } });
    expect(() => parseKey(dayIn('Pacific/Apia'), '2011-12-30')).toThrow('There is no day "2011-12-30"');
  });
  it('weeks belong to the year of their Thursday', () => {
    const Week = { week: { kind: 'week', start: '2004-01-01' } } as const;
    expect(keysBetween(Week, { week: '2004-W52' }, { week: '2005-W01' }).map(({ week }) => week)).toEqual(['2004-W52', '2004-W53', '2005-W01']);
    expect(partitionScope(Week, { week: '2004-W53' }, 0)).toMatchObject({ start: '2004-12-27T00:00:00Z', end: '2005-01-03T00:00:00Z' });
    expect(() => parseKey(Week, '2005-W53')).toThrow('HDL-BAD-KEY');
  });
  it('a month of days ends where the months end', () => {
    const keys = keysOf(Day, 'before', { day: '2004-03-31' }, '1mo');
    expect([keys[0], keys.length]).toEqual([{ day: '2004-02-29' }, 31]);
  });
  it('a span shorter than the partition takes the partition that holds it', () => {
    expect(days(keysOf(Day, 'before', { day: '2001-03-02' }, '1h'))).toEqual(['2001-03-01']);
  });
  it('a window includes its key, and neither kind goes before the first partition', () => {
    expect(days(keysOf(Day, 'window', { day: '2001-01-03' }, '28d'))).toEqual(['2001-01-01', '2001-01-02', '2001-01-03']);
    expect(days(keysOf(Day, 'before', { day: '2001-01-03' }, '28d'))).toEqual(['2001-01-01', '2001-01-02']);
    expect(keysOf(Day, 'before', { day: '2001-01-01' }, '99999999mo')).toEqual([]);
    expect(days(keysOf({ day: { kind: 'day', start: '1960-01-01' } }, 'before', { day: '1960-01-03' }, '9999999999999h'))).toEqual([
      '1960-01-01',
      '1960-01-02',
    ]);
  });
});

describe('products', () => {
  const key = { day: '2001-03-01', wiki: 'en', model: 'm1' };
  it('keys are read by place and by name, and written in the order of the dimensions', () => {
    expect(parseKey(Product, '2001-03-01|en|m1')).toEqual(key);
    expect(parseKey(Product, 'model=m1, wiki=en, day=2001-03-01')).toEqual(key);
    expect(formatKey(Product, { model: 'm1', wiki: 'en', day: '2001-03-01' })).toBe('2001-03-01|en|m1');
    expect(parseKey({ model: { kind: 'dynamic' } }, 'model=a=b')).toEqual({ model: 'a=b' });
  });
  it('the neighbours of a partition differ in time only', () => {
    expect(partitionScope(Product, key, 1)).toMatchObject({
      key: '2001-03-01|en|m1',
      wiki: 'en',
      next: { key: '2001-03-02|en|m1', wiki: 'en' },
      previous: { key: '2001-02-28|en|m1' },
    });
  });
  it('where takes all listed keys that agree, and refuses what is not listed', () => {
    expect(keysOf(Product, 'where', { day: '2001-03-01', model: 'm1' })).toEqual([key, { ...key, wiki: 'de' }]);
    expect(() => keysOf(Product, 'where', { day: '2001-03-01' })).toThrow('HDL-BAD-KEY: where() leaves model open');
  });
  it('a dataset with fewer dimensions takes its part of a wider key', () => {
    expect(keysOf(Day, 'at', key)).toEqual([{ day: '2001-03-01' }]);
  });
});

it.each([
  [Day, '2001-03', 'is no day'],
  [Day, '2001-02-29', 'There is no day'],
  [Day, '2001-03-01T05+00:00', 'is no day'],
  [Day, '2000-12-31', 'is before 2001-01-01'],
  [Day, '2001-03-01|en', 'has 2 parts, and the key has 1'],
  [Day, '', 'is no day'],
  [Day, 'constructor=2001-03-01,day=2001-03-01', 'There is no dimension constructor'],
  [Day, 'day=2001-03-01,day=2001-03-02', 'names day twice'],
  [Day, 'day=2001-03-01,en', '"en" does not say of which dimension it is'],
  [Product, '2001-03-01|fr|m1', '"fr" is no wiki'],
  [Product, '2001-03-01|en', 'names no model'],
  [Product, '2001-03-01|en|', 'The model is empty'],
  [Product, 'day=2001-03-01,wiki=en,model=a|b', 'holds a |'],
  [hourIn('UTC'), '2001-03-01T24+00:00', 'There is no hour'],
  [hourIn('UTC'), '2001-03-01T05', 'is no hour'],
  [hourIn('Europe/Berlin'), '2001-03-01T05+02:00', 'There is no hour'],
  [dayIn('Europe/Berln'), '2001-03-01', 'is no time zone'],
  [{ day: { kind: 'day', start: '2001-02-30' } } as const, '2001-03-01', 'The partitions begin on "2001-02-30"'],
])('%j has no partition "%s"', (dimensions, text, why) => {
  const message = messageOf(() => parseKey(dimensions, text));
  expect(message).toContain('HDL-BAD-KEY');
  expect(message).toContain(why);
});

it.each(['', '28', 'd', '0d', '-1d', '1.5d', '28days', '9'.repeat(30) + 'd'])('"%s" is no span', (span) => {
  expect(() => keysOf(Day, 'before', { day: '2001-03-01' }, span)).toThrow('HDL-BAD-SPAN');
});
it.each([
  ['a window of a dataset without time', () => keysOf({ wiki: Product.wiki }, 'window', { wiki: 'en' }, '1d')],
  ['a range that ends before it begins', () => keysBetween(Day, { day: '2001-03-02' }, { day: '2001-03-01' })],
  [
    'a range over two values of another dimension',
    () => keysBetween(Product, { day: '2001-03-01', wiki: 'en', model: 'a' }, { day: '2001-03-02', wiki: 'de', model: 'a' }),
  ],
])('%s is HDL-BAD-SPAN', (_, act) => {
  expect(act).toThrow('HDL-BAD-SPAN');
});
