/** A slice of those partitions that are there, as scoring compares with the last run: one is enough, and none is no failure. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildPlan } from '../../dsl/plan/build-plan.ts';
import { dataset, daily, pipeline, task, z } from '../../dsl/index.ts';
import { pipelineOf } from '../../dsl/authoring/values.ts';
import { pinPresent } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { readSlice } from '../../storage/datasets/read-slice.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openStore } from '../../storage/store.ts';
import { runPipeline } from '../../testing/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-present-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const Day = daily({ start: '2001-01-01' });
const Numbers = dataset('numbers', { uri: 'store://numbers', partitions: Day, schema: z.object({ n: z.int() }) });
const total = task({
  name: 'total',
  version: '1',
  owner: 'o@example.org',
  input: z.object({ last: Numbers.slice.nullable() }),
  output: z.object({ rows: z.int().nullable() }),
  run: async ({ last }) => ({ rows: last && last.rows }),
});
const compare = pipeline({ name: 'compare', owner: 'o@example.org', partitions: Day }, ({ partition }) =>
  total({ last: Numbers.beforeIfAny(partition, '7d') }),
);

describe('a slice of what is there', () => {
  const run = (data: Record<string, object[]>) => runPipeline(compare, { partition: { day: '2001-03-08' }, data: { numbers: data } });
  it('has the partitions of the span that are published, and leaves out the own one', async () => {
    const rows = [{ n: 1 }, { n: 2 }];
    const { output } = await run({ '2001-03-08': rows, '2001-03-07': rows, '2001-03-03': [{ n: 3 }], '2001-02-01': rows });
    expect(output).toEqual({ rows: 3 });
  });
  it('is null where none is', async () => {
    const { output } = await run({ '2001-02-01': [{ n: 1 }] });
    expect(output).toEqual({ rows: null });
  });
  it('may be null, and the compiler refuses it where a slice must be', () => {
    const sum = task({ name: 'sum', version: '1', owner: 'o@example.org', input: z.object({ all: Numbers.slice }), output: z.null(), run: async () => null });
    pipeline({ name: 'unhandled', owner: 'o@example.org', partitions: Day }, ({ partition }) =>
      // @ts-expect-error there may be none
      sum({ all: Numbers.beforeIfAny(partition, '7d') }),
    );
  });
  it('says so in the plan', () => {
    const plan = buildPlan(pipelineOf(compare)!, { hashOf: () => 'hash' });
    expect(JSON.stringify(plan.skeleton)).toContain('"ifAny":true');
  });
  it('is pinned in a store as the partitions that are published there', async () => {
    const store = openStore({ root: folder, project: 'p' });
    const { numbers } = buildPlan(pipelineOf(compare)!, { hashOf: () => 'hash' }).contracts.datasets;
    const keys = ['2001-03-05', '2001-03-06', '2001-03-07'].map((day) => ({ day }));
    expect(await pinPresent(store, numbers!, keys)).toBeNull();
    const staged = await stagePartition(store, numbers!, { day: '2001-03-06' }, [{ n: 4 }, { n: 5 }], {
      runId: 'r',
      step: 's',
      attempt: 1,
      planHash: 'h',
      task: 't',
      version: '1',
      codeDigest: null,
      inputs: [],
    });
    await publishPartition(store, staged.staged, { replace: false });
    const slice = await pinPresent(store, numbers!, keys);
    expect(slice).toMatchObject({ rows: 2 });
    const found: number[] = [];
    for await (const { columns } of readSlice(store, numbers!, slice!)) found.push(...Array.from(columns['n'] as ArrayLike<number>, Number));
    expect(found).toEqual([4, 5]);
  });
});
