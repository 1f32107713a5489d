/** Triggers, on the whole system: a partition published, a request, a path, the end of a run; storms; late data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addEvents } from '../../catalog/triggers.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import type { RunSummary } from '../../dsl/contract/api.ts';
import { linesOf, startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

const code = `
  import { appendFileSync } from 'node:fs';
  import { daily, dataset, onEnded, onPath, onPublished, onRequest, pipeline, task, z } from 'heddle';
  const Day = daily({ start: '2001-01-01' });
  const row = z.object({ n: z.int() });
  const A = dataset('t.a', { uri: 'store://t/a', partitions: Day, schema: row });
  const B = dataset('t.b', { uri: 'store://t/b', partitions: Day, schema: row });
  const Sum = dataset('t.sum', { uri: 'store://t/sum', partitions: Day, schema: row, late: { rebuild: '100000d' } });
  const one = async function* (n: number) { yield { numRows: 1, columns: { n: BigInt64Array.of(BigInt(n)) } }; };
  const note = (text: string): void => appendFileSync('calls', text + '\\n');
  const input = z.object({ n: z.number() });
  const writeA = task({ name: 't.write_a', version: '1', input, output: A.slice, run: async ({ n }, ctx) => ctx.write(A, one(n)) });
  const writeB = task({ name: 't.write_b', version: '1', input, output: B.slice, run: async ({ n }, ctx) => ctx.write(B, one(n)) });
  const add = task({ name: 't.add', version: '1', input: z.object({ a: A.slice, b: B.slice }), output: Sum.slice, async run({ a, b }, ctx) {
    let sum = 0;
    for await (const { columns } of ctx.read(A, a)) sum += Number(columns.n[0]);
    for await (const { columns } of ctx.read(B, b)) sum += Number(columns.n[0]);
    note('add ' + ctx.into.day + ' ' + sum);
    return ctx.write(Sum, one(sum));
  } });
  const say = task({ name: 't.say', version: '1', input: z.object({ text: z.string() }), output: z.string(), run: async ({ text }) => { note(text); return text; } });
  const params = z.object({ n: z.number().default(1) });
  export const a = pipeline({ name: 'a', partitions: Day, params }, ({ partition, params: p }) => writeA({ n: p.n, into: partition }));
  export const b = pipeline({ name: 'b', partitions: Day, params }, ({ partition, params: p }) => writeB({ n: p.n, into: partition }));
  export const both = pipeline({ name: 'both', partitions: Day, triggers: [onPublished([A, B], { settle: '1s' })] }, ({ partition }) => add({ a: A.at(partition), b: B.at(partition), into: partition }));
  export const after = pipeline({ name: 'after', partitions: Day, triggers: [onEnded(both)] }, ({ partition }) => say({ text: partition.key }));
  export const asked = pipeline({ name: 'asked', params: z.object({ text: z.string() }), triggers: [onRequest()] }, ({ params: p }) => say({ text: p.text }));
  export const found = pipeline({ name: 'found', partitions: Day, triggers: [onPath('store://inbox/day={day}/_SUCCESS', { every: '1s' })] }, ({ partition }) => say({ text: partition.key }));`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/triggers.ts': code } });
  const { code: exit, stderr } = await system.heddle('apply', '--yes');
  expect(exit, stderr).toBe(0);
}, 120_000);
afterAll(() => system?.stop());

const calls = (): string[] => linesOf(join(system.folder, 'calls'));
const runsOf = async (pipeline: string): Promise<RunSummary[]> => [
  ...((await system.call<{ items: RunSummary[] }>('GET', `/runs?pipeline=${pipeline}&limit=100`))?.body.items ?? []),
];
const run = async (pipeline: string, day: string, n: number): Promise<void> => {
  expect(await system.ended(await system.run(pipeline, '--partition', day, '--param', `n=${n}`))).toMatchObject({ status: 'done' });
};

describe('a pipeline that waits for partitions of two datasets', () => {
  it('runs when both are there, once, and its own end starts what waits for that', async () => {
    await run('a', '2001-03-01', 1);
    expect(await runsOf('both')).toEqual([]);
    await run('b', '2001-03-01', 2);
    await until('the sum', () => calls().includes('add 2001-03-01 3'));
    const [only, ...more] = await until('its run', async () => {
      const found = await runsOf('both');
      return found.every(({ endedAt }) => endedAt !== null) && found;
    });
    expect(more).toEqual([]);
    expect(only).toMatchObject({ status: 'done', startedBy: 'trigger', partition: '2001-03-01' });
    await until('what follows', () => calls().includes('2001-03-01'));
  });

  it('runs again for a partition whose input is rewritten, while its dataset says so: one run for the last state of a storm', async () => {
    const before = (await runsOf('both')).length;
    await Promise.all([run('a', '2001-03-01', 10), run('b', '2001-03-01', 20)]);
    await until('the new sum', () => calls().includes('add 2001-03-01 30'), 60_000);
    const after = await runsOf('both');
    expect(after.length - before).toBeLessThanOrEqual(2);
  });

  it('of a storm of duplicates in any order starts one run for the newest version', async () => {
    await run('a', '2001-03-05', 5);
    await run('b', '2001-03-05', 5);
    await until('the first run', async () => (await runsOf('both')).some(({ partition, endedAt }) => partition === '2001-03-05' && endedAt !== null));
    const runs = async () => (await runsOf('both')).filter(({ partition }) => partition === '2001-03-05').length;
    const before = await runs();
    const catalog = await openCatalog(`sqlite:${join(system.folder, '.heddle', 'catalog.db')}`);
    try {
      const now = Date.now();
      const versions = [5, 1, 4, 2, 3, 5, 5, 0].map((n) => now + n);
      await addEvents(
        catalog.db,
        'p',
        [...versions, ...versions].map((version) => ({
          kind: 'published' as const,
          subject: 't.a',
          key: 'day=2001-03-05',
          version,
          detail: { generation: 1 },
          at: now,
        })),
      );
    } finally {
      await catalog.close();
    }
    await until('the run', async () => (await runs()) === before + 1);
    await new Promise((resolve) => {
      setTimeout(resolve, 4_000);
    });
    expect(await runs()).toBe(before + 1);
  });
});

describe('a request', () => {
  it('starts one run for a key; another body with it is refused, and one that does not fit, before anything starts', async () => {
    const ask = (body: object) => system.call<RunSummary & { error?: { code: string } }>('POST', '/triggers/asked', body);
    const first = await ask({ key: 'k1', params: { text: 'hello' } });
    expect(first).toMatchObject({ status: 200, body: { pipeline: 'asked' } });
    expect((await ask({ key: 'k1', params: { text: 'hello' } }))?.body.runId).toBe(first?.body.runId);
    expect(await ask({ key: 'k1', params: { text: 'other' } })).toMatchObject({ status: 409, body: { error: { code: 'HDL-KEY-REUSED' } } });
    expect(await ask({ key: 'k2', params: { text: 7 } })).toMatchObject({ status: 400, body: { error: { code: 'HDL-BAD-PARAMS' } } });
    expect(await ask({ key: 'k2', parms: {} })).toMatchObject({ status: 400, body: { error: { code: 'HDL-BAD-REQUEST' } } });
    expect(await system.call('POST', '/triggers/both', { key: 'k' })).toMatchObject({ status: 409, body: { error: { code: 'HDL-TRIGGER' } } });
    await until('the run', () => calls().includes('hello'));
    expect(await runsOf('asked')).toHaveLength(1);
  });
});

describe('a path that another system writes', () => {
  it('starts the run of its partition once', async () => {
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    mkdirSync(join(system.store, 'inbox', `day=${yesterday}`), { recursive: true });
    writeFileSync(join(system.store, 'inbox', `day=${yesterday}`, '_SUCCESS'), '');
    await until('the run', () => calls().includes(yesterday));
    await new Promise((resolve) => {
      setTimeout(resolve, 2_500);
    });
    expect(await runsOf('found')).toHaveLength(1);
  });
});
