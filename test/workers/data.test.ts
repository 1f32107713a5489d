import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isStored, type PublishCall } from '../../dsl/contract/step.ts';
import { loadInputs } from '../../storage/values.ts';
import { openStore } from '../../storage/store.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { resultOf, startWorkerKit, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
beforeAll(async () => {
  kit = await startWorkerKit();
});
afterAll(async () => {
  await kit.stop();
});

describe('data on a worker', () => {
  it('stages a partition, publishes it, and reads it in another step', async () => {
    const project = kit.project(
      'data',
      `
      const Day = daily({ start: '2001-01-01' });
      const Rows = dataset('d.rows', { uri: 'store://d/rows', partitions: Day, schema: z.object({ id: z.int(), name: z.string() }) });
      export const write = task({ name: 'd.write', version: '1', output: z.object({ rows: Rows.slice, text: z.string() }), run: async (_, ctx) => ({ rows: await ctx.write(Rows, Array.from({ length: 5 }, (_, id) => ({ id, name: 'n' + id }))), text: 'x'.repeat(5000) }) });
      export const read = task({ name: 'd.read', version: '1', input: z.object({ rows: Rows.slice }), output: z.array(z.string()), run: async ({ rows }, ctx) => { const names: string[] = []; for await (const row of ctx.readRows(Rows, rows)) names.push(row.name); return names; } });`,
    );
    const worker = await project.worker();
    const order = project.order('d.write', {}, { into: { day: '2001-03-01' }, partition: '2001-03-01' });
    const [wrote] = await kit.run([order]);
    const staged = resultOf(wrote);
    expect(staged.meta.rowsOut).toBe(5);
    expect(staged.staged).toMatchObject([{ dataset: 'd.rows', rows: 5, at: ['rows'], key: { day: '2001-03-01' } }]);
    expect(isStored(staged.output)).toBe(true);

    const call: PublishCall = {
      project: 'data',
      runId: 'run-data',
      step: 'd.write',
      pipeline: 'test.pipeline',
      output: staged.output,
      staged: staged.staged ?? [],
      replace: true,
    };
    const publish = { ...order, type: 'heddle.publish', argument: call };
    const [first] = await kit.run([publish]);
    const [again] = await kit.run([publish]);
    const published = resultOf(first);
    expect(resultOf(again).output).toEqual(published.output);
    expect(published.meta).toMatchObject({ worker: worker.name });
    const output = (await loadInputs(openStore({ root: project.config.storageRoot, project: 'data' }), published.output)) as { readonly rows: Json };
    expect(output.rows).toMatchObject({ kind: 'slice', rows: 5, partitions: [{ path: 'day=2001-03-01', generation: 1 }] });
    const manifest = JSON.parse(readFileSync(join(project.config.storageRoot, 'data', 'd', 'rows', 'day=2001-03-01', '_manifest.json'), 'utf8')) as {
      codeDigest: string;
    };
    expect(manifest.codeDigest).toMatch(/^sha256:/);

    const [read] = await kit.run([project.order('d.read', { rows: output.rows })]);
    expect(resultOf(read)).toMatchObject({ output: ['n0', 'n1', 'n2', 'n3', 'n4'], meta: { rowsIn: 5 } });
    await worker.stop();
  });

  it('fails a publish for good whose staging is gone', async () => {
    const project = kit.project('gone', `export const t = task({ name: 'd.t', version: '1', output: z.number(), run: async () => 1 });`);
    const worker = await project.worker();
    const call: PublishCall = {
      project: 'gone',
      runId: 'r',
      step: 's',
      pipeline: 'p',
      output: null,
      replace: true,
      staged: [
        {
          dataset: 'd.x',
          uri: 'store://d/x',
          key: { day: '2001-03-01' },
          staging: 'store://d/x/.heddle/staging/none',
          manifestDigest: 'sha256:0',
          rows: 0,
          bytes: 0,
          at: [],
        },
      ],
    };
    const [outcome] = await kit.run([{ ...project.order('d.t', {}), type: 'heddle.publish', argument: call }]);
    expect(outcome?.failure).toMatchObject({ type: 'data', nonRetryable: true, details: { class: 'data', code: 'HDL-STAGING-GONE' } });
    await worker.stop();
  });

  it('writes pages of items, joins them and reads a page', async () => {
    const project = kit.project('items', `export const t = task({ name: 'd.t', version: '1', output: z.number(), run: async () => 1 });`);
    const worker = await project.worker();
    const builtIn = async (type: string, argument: object): Promise<never> =>
      (await kit.run([{ ...project.order('d.t', {}), type, argument }]))[0]?.result as never;
    const first: object = await builtIn('heddle.write_items', { project: 'items', runId: 'r', step: 'm', page: 0, items: [1, 2] });
    const second: object = await builtIn('heddle.write_items', { project: 'items', runId: 'r', step: 'm', page: 1, items: [3] });
    const list: object = await builtIn('heddle.join_items', { project: 'items', runId: 'r', step: 'm', pages: [first, second] });
    expect(list).toMatchObject({ kind: 'items', count: 3 });
    expect(await builtIn('heddle.read_items', { project: 'items', list, page: 1 })).toEqual({ items: [3] });
    await worker.stop();
  });
});
