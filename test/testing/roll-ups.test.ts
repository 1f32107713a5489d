/** Partitions of all kinds, offsets and roll-ups as an author writes them: from the DSL over the plan to what a task reads. */
import { describe, expect, it } from 'vitest';
import { byCron, daily, dataset, dynamicKeys, keys, monthly, pipeline, quarterly, task, weekly, yearly, z } from 'heddle';
import { runPipeline } from 'heddle/testing';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';

const Row = z.object({ n: z.int() });
const start = { start: '2001-01-01' } as const;
const Days = dataset('days', { uri: 'store://days', partitions: daily(start), schema: Row });
const Months = dataset('months', { uri: 'store://months', partitions: monthly(start), schema: Row });
const Wikis = dataset('wikis', { uri: 'store://wikis', partitions: { day: daily(start), wiki: keys(['en', 'de']) }, schema: Row });
const Pages = dataset('pages', { uri: 'store://pages', partitions: { day: daily(start), page: dynamicKeys() }, schema: Row });
const Slots = dataset('slots', { uri: 'store://slots', partitions: byCron({ cron: '0 6,18 * * 1-5', timezone: 'Europe/Berlin', ...start }), schema: Row });

const sum = <const S extends { slice: z.ZodType }>(name: string, of: S) =>
  task({
    name,
    version: '1',
    input: z.object({ from: of.slice }),
    output: z.object({ rows: z.int() }),
    run: ({ from }) => Promise.resolve({ rows: (from as { readonly rows: number }).rows }),
  });
const sumDays = sum('sum_days', Days);
const sumMonths = sum('sum_months', Months);
const sumWikis = sum('sum_wikis', Wikis);
const sumPages = sum('sum_pages', Pages);
const sumSlots = sum('sum_slots', Slots);

const dates = (first: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => new Date(Date.parse(first) + i * 86_400_000).toISOString().slice(0, 10));
/** Each partition has one row. */
const oneRow = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, [{ n: 1 }]]));

describe('within', () => {
  const data = { days: oneRow(dates('2001-01-01', 365)) };
  it('takes all days of a week, a quarter or a year', async () => {
    const week = pipeline({ name: 'w', partitions: weekly(start) }, ({ partition }) => sumDays({ from: Days.within(partition) }));
    const quarter = pipeline({ name: 'q', partitions: quarterly(start) }, ({ partition }) => sumDays({ from: Days.within(partition) }));
    const year = pipeline({ name: 'y', partitions: yearly(start) }, ({ partition }) => sumDays({ from: Days.within(partition) }));
    expect((await runPipeline(week, { partition: { week: '2001-W09' }, data })).output).toEqual({ rows: 7 });
    expect((await runPipeline(quarter, { partition: { quarter: '2001-Q1' }, data })).output).toEqual({ rows: 90 });
    expect((await runPipeline(year, { partition: { year: '2001' }, data })).output).toEqual({ rows: 365 });
  });
  it('takes the month that holds a day, and of a neighbour what the neighbour would', async () => {
    const own = pipeline({ name: 'd', partitions: daily(start) }, ({ partition }) => sumMonths({ from: Months.within(partition) }));
    const far = pipeline({ name: 'f', partitions: daily(start) }, ({ partition }) => sumMonths({ from: Months.within(partition.offset(-40)) }));
    const months = { months: { '2001-01': [{ n: 1 }, { n: 2 }], '2001-02': [{ n: 1 }] } };
    expect((await runPipeline(own, { partition: { day: '2001-02-28' }, data: months })).output).toEqual({ rows: 1 });
    expect((await runPipeline(far, { partition: { day: '2001-02-28' }, data: months })).output).toEqual({ rows: 2 });
  });
  it('takes all fixed keys of a day, or the one that both have', async () => {
    const wikis = { wikis: oneRow(['2001-03-01|en', '2001-03-01|de', '2001-03-02|en', '2001-03-02|de']) };
    const day = pipeline({ name: 'all', partitions: daily(start) }, ({ partition }) => sumWikis({ from: Wikis.within(partition) }));
    const both = pipeline({ name: 'one', partitions: { week: weekly(start), wiki: keys(['en']) } }, ({ partition }) =>
      sumWikis({ from: Wikis.within(partition) }),
    );
    expect((await runPipeline(day, { partition: { day: '2001-03-01' }, data: wikis })).output).toEqual({ rows: 2 });
    const week = { wikis: oneRow(dates('2001-02-26', 7).flatMap((one) => [`${one}|en`, `${one}|de`])) };
    expect((await runPipeline(both, { partition: { week: '2001-W09', wiki: 'en' }, data: week })).output).toEqual({ rows: 7 });
  });
  it('of dynamic keys takes those that are there', async () => {
    const day = pipeline({ name: 'dyn', partitions: daily(start) }, ({ partition }) => sumPages({ from: Pages.within(partition) }));
    const pages = { pages: oneRow(['2001-03-01|a', '2001-03-01|b', '2001-03-02|a']) };
    expect((await runPipeline(day, { partition: { day: '2001-03-01' }, data: pages })).output).toEqual({ rows: 2 });
  });
  it('takes the partitions by cron that a day touches, the running one included', async () => {
    const day = pipeline({ name: 'slots', partitions: daily({ ...start, timezone: 'Europe/Berlin' }) }, ({ partition }) =>
      sumSlots({ from: Slots.within(partition) }),
    );
    const slots = { slots: oneRow(['2001-03-01T18:00', '2001-03-02T06:00', '2001-03-02T18:00', '2001-03-05T06:00']) };
    expect((await runPipeline(day, { partition: { day: '2001-03-02' }, data: slots })).output).toEqual({ rows: 3 });
  });
});

describe('partition.offset', () => {
  it('leads as far as it says, also over next and previous, by the shortest path', async () => {
    const far = pipeline({ name: 'far', partitions: daily(start) }, ({ partition }) => sumDays({ from: Days.at(partition.previous.offset(-6)) }));
    const back = pipeline({ name: 'back', partitions: daily(start) }, ({ partition }) => sumDays({ from: Days.at(partition.offset(-7).offset(7)) }));
    const data = { days: { '2001-03-01': [{ n: 1 }, { n: 2 }], '2001-03-08': [{ n: 1 }] } };
    expect((await runPipeline(far, { partition: { day: '2001-03-08' }, data })).output).toEqual({ rows: 2 });
    expect((await runPipeline(back, { partition: { day: '2001-03-08' }, data })).output).toEqual({ rows: 1 });
  });
  it.each([1.5, Number.NaN, 10_001])('refuses %s', async (by) => {
    const bad = pipeline({ name: 'bad', partitions: daily(start) }, ({ partition }) => sumDays({ from: Days.at(partition.offset(by)) }));
    const failure = await runPipeline(bad, { partition: { day: '2001-03-08' } }).catch((error: unknown) => error);
    expect(isHeddleError(failure) && failure.code).toBe('HDL-BAD-OPTION');
  });
});
