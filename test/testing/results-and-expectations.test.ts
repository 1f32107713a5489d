/** What runPipeline makes of `cache` on tasks and `expect` on datasets: the same as workers do. */
import { describe, expect, it } from 'vitest';
import { daily, dataset, map, pipeline, task, z } from 'heddle';
import { runPipeline, TestResults } from 'heddle/testing';

const Day = daily({ start: '2001-01-01' });
const Row = z.object({ id: z.number(), price: z.number().nullable() });
const Prices = dataset('prices', {
  uri: 'store://prices',
  partitions: { day: Day },
  schema: Row,
  expect: { rows: { min: 2, band: 0.5 }, nulls: { price: 0.5 }, unique: ['id'], range: { price: [0, 100] } },
});

describe('a task with cache', () => {
  const ran: number[] = [];
  const square = task({
    name: 'square',
    version: '1',
    cache: { for: '1h' },
    input: z.object({ x: z.number() }),
    output: z.object({ y: z.number() }),
    run: async ({ x }) => {
      ran.push(x);
      return { y: x * x };
    },
  });
  const twice = pipeline({ name: 'twice' }, () => {
    const first = square({ x: 3 }, { id: 'first' });
    const second = square({ x: 3 }, { id: 'second', after: [first] });
    const other = square({ x: 4 }, { id: 'other', after: [second] });
    return { a: second.y, b: other.y };
  });

  it('runs once for the same input within a run', async () => {
    ran.length = 0;
    const result = await runPipeline(twice);
    expect(result.output).toEqual({ a: 9, b: 16 });
    expect(ran).toEqual([3, 4]);
    expect(result.steps.map(({ step, cached }) => [step, cached])).toEqual([
      ['first', false],
      ['second', true],
      ['other', false],
    ]);
  });

  it('runs each time with results: false', async () => {
    ran.length = 0;
    await runPipeline(twice, { results: false });
    expect(ran).toEqual([3, 3, 4]);
  });

  it('takes the result of another run from what both are given, until it is older than the task allows', async () => {
    ran.length = 0;
    const results = new TestResults();
    await runPipeline(twice, { results, clock: '2001-01-01T00:00:00Z' });
    await runPipeline(twice, { results, clock: '2001-01-01T00:30:00Z' });
    expect(ran).toEqual([3, 4]);
    await runPipeline(twice, { results, clock: '2001-01-01T02:00:00Z' });
    expect(ran).toEqual([3, 4, 3, 4]);
  });

  it('runs again when rows or an artifact that it reads are others of the same length', async () => {
    const write = task({
      name: 'write',
      version: '1',
      input: z.object({ text: z.string() }),
      output: z.object({ file: z.object({ uri: z.string(), digest: z.string(), bytes: z.number() }) }),
      run: async ({ text }, ctx) => ({ file: await ctx.artifact('text', text) }),
    });
    const read = task({
      name: 'read',
      version: '1',
      cache: true,
      input: z.object({ file: z.object({ uri: z.string(), digest: z.string(), bytes: z.number() }) }),
      output: z.object({ text: z.string() }),
      run: async ({ file }, ctx) => ({ text: new TextDecoder().decode(await ctx.readArtifact(file)) }),
    });
    const files = pipeline({ name: 'files', params: z.object({ texts: z.array(z.string()) }) }, ({ params }) =>
      map(params.texts, (text) => read({ file: write({ text }).file }).text),
    );
    expect((await runPipeline(files, { params: { texts: ['one', 'two', 'one'] } })).output).toEqual(['one', 'two', 'one']);
  });
});

describe('a dataset with expect', () => {
  const load = (rows: readonly z.infer<typeof Row>[]) => {
    const store = task({
      name: 'store',
      version: '1',
      output: Prices.slice,
      run: async (_input, ctx) => ctx.write(Prices, rows),
    });
    const count = task({
      name: 'count',
      version: '1',
      input: z.object({ prices: Prices.slice }),
      output: z.object({ rows: z.number() }),
      run: async ({ prices }) => ({ rows: prices.rows }),
    });
    return pipeline({ name: 'load', partitions: { day: Day } }, ({ partition }) => count({ prices: store({ into: partition }) }).rows);
  };
  const partition = { day: '2001-01-09' };

  it('lets a partition pass that is as expected', async () => {
    const good = [
      { id: 1, price: 5 },
      { id: 2, price: null },
    ];
    expect(await runPipeline(load(good), { partition })).toMatchObject({ status: 'done', output: 2 });
  });

  it('fails the step that publishes another, and names all that is wrong', async () => {
    const bad = [
      { id: 1, price: 500 },
      { id: 1, price: 5 },
    ];
    const result = await runPipeline(load(bad), { partition });
    expect(result.status).toBe('failed');
    expect(result.step('store')).toMatchObject({ status: 'failed', attempts: 1, failure: { class: 'data', code: 'HDL-EXPECTATION' } });
    expect(result.step('store')?.failure?.message).toBe(
      'prices 2001-01-09: column id: expected unique values, found 1 rows with a key that was there before, such as {"id":1}; column price: expected 0 to 100, found 500',
    );
    expect(result.step('count')?.status).toBe('blocked');
  });

  it('holds the number of rows against the partitions nearest in time', async () => {
    const ids = (count: number) => Array.from({ length: count }, (_, id) => ({ id, price: 1 }));
    const before = { prices: { '2001-01-06': ids(20), '2001-01-07': ids(22), '2001-01-08': ids(24) } };
    expect((await runPipeline(load(ids(4)), { partition, data: before })).failures[0]?.failure.message).toContain(
      'expected 11 to 33 rows, 50 % around 22, the median of its 3 neighbours; found 4',
    );
    expect((await runPipeline(load(ids(25)), { partition, data: before })).status).toBe('done');
  });
});
