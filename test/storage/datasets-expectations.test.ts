/** What a dataset expects of a partition is judged before it is published; a failure names dataset, partition, column, expected and found. */
import { afterAll, describe, expect, it } from 'vitest';
import { dataset, daily, z } from '../../dsl/index.ts';
import type { DatasetDef, ExpectDef } from '../../dsl/plan/types.ts';
import { datasetDef } from '../../activities/step/dataset-def.ts';
import { classifyFailure } from '../../activities/step/classify-failure.ts';
import { checkExpectations } from '../../storage/datasets/check-expectations.ts';
import { KeySet } from '../../storage/datasets/key-set.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openTestStore } from '../commit/commit-kit.ts';

const { store, close } = openTestStore();
afterAll(close);

let count = 0;
const flights = (expected: ExpectDef): DatasetDef => ({
  name: 'flights',
  uri: `store://f${count++}`,
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      delay: { anyOf: [{ type: 'number' }, { type: 'null' }] },
      origin: { type: 'string' },
      at: { type: 'string', format: 'date-time' },
    },
    required: ['id', 'delay', 'origin', 'at'],
  },
  expect: expected,
});
const row = (id: number, more: object = {}) => ({ id, delay: 5, origin: 'ATL', at: '2001-03-01T20:00:00Z', ...more });
const rows = (many: number): object[] => Array.from({ length: many }, (_, i) => row(i));
const by = { runId: 'r', step: 's', attempt: 1, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] };
async function publish(d: DatasetDef, given: readonly object[], day = '2001-03-01'): Promise<void> {
  const { staged } = await stagePartition(store, d, { day }, given, by);
  await publishPartition(store, staged, { replace: true, check: (manifest) => checkExpectations(store, staged, manifest) });
}
const failure = (d: DatasetDef, given: readonly object[], day?: string): Promise<unknown> =>
  publish(d, given, day).then(
    () => null,
    (error: unknown) => error,
  );

describe('an expectation that fails', () => {
  it.each([
    ['too few rows', { rows: { min: 3 } }, rows(2), 'expected at least 3 rows, found 2'],
    ['too many rows', { rows: { min: 1, max: 3 } }, rows(4), 'expected 1 to 3 rows, found 4'],
    [
      'nulls',
      { nulls: { delay: 0.1 } },
      [...rows(8), row(8, { delay: null }), row(9, { delay: null })],
      'column delay: expected at most 10 % nulls, found 20 % (2 of 10)',
    ],
    [
      'a key twice',
      { unique: ['id', 'origin'] },
      [...rows(3), row(1)],
      'column id, origin: expected unique values, found 1 rows with a key that was there before, such as {"id":1,"origin":"ATL"}',
    ],
    ['a value below', { range: { delay: [0, 100] } }, [row(1), row(2, { delay: -1.5 })], 'column delay: expected 0 to 100, found -1.5'],
    ['a value above', { range: { delay: [null, 100] } }, [row(1), row(2, { delay: 101 })], 'column delay: expected any to 100, found 101'],
    [
      'stale values',
      { freshnessMs: { at: 3_600_000 } },
      rows(1),
      'column at: expected its newest value at 2001-03-01T23:00:00.000Z or later, found 2001-03-01T20:00:00.000Z',
    ],
    ['no value at all where a fresh one is expected', { freshnessMs: { at: 1 } }, [], 'found none'],
  ] satisfies [string, ExpectDef, object[], string][])(
    '%s: names what was expected and found, and nothing is published',
    async (_, expected, given, message) => {
      const d = flights(expected);
      const error = await failure(d, given);
      expect(String(error)).toContain(`HDL-EXPECTATION: flights day=2001-03-01: ${message.startsWith('found') ? '' : message}`);
      expect(String(error)).toContain(message);
      expect((await listPartitions(store, d)).partitions).toEqual([]);
    },
  );
  it('says all that is wrong in one go, and is a failure of the data', async () => {
    const error = await failure(flights({ rows: { min: 9 }, unique: ['id'] }), [row(1), row(1)]);
    expect(String(error)).toMatch(/at least 9 rows, found 2; column id: expected unique/);
    expect(classifyFailure(error, { text: (text) => text } as Parameters<typeof classifyFailure>[1]).failure).toMatchObject({
      class: 'data',
      code: 'HDL-EXPECTATION',
    });
  });
  it('leaves what was published before in place', async () => {
    const d = flights({ rows: { min: 1 } });
    await publish(d, rows(5));
    expect(String(await failure(d, []))).toContain('found 0');
    expect((await listPartitions(store, d)).partitions).toMatchObject([{ generation: 1, manifest: { rows: 5 } }]);
  });
});

it('what keeps them all is published', async () => {
  const d = flights({ rows: { min: 1, max: 9 }, nulls: { delay: 0.5 }, unique: ['id'], range: { delay: [0, 5] }, freshnessMs: { at: 4 * 3_600_000 } });
  await publish(d, [row(1), row(2, { delay: null })]);
  expect((await listPartitions(store, d)).partitions).toHaveLength(1);
});

describe('the band of the row count', () => {
  const banded = (): DatasetDef => flights({ rows: { band: 0.5, against: 7 } });
  const day = (n: number): string => `2001-03-${String(n).padStart(2, '0')}`;
  it('catches a day of 6 rows after days of 160, and a doubled one', async () => {
    const d = banded();
    for (let n = 1; n <= 8; n++) await publish(d, rows(150 + n), day(n));
    expect(String(await failure(d, rows(6), day(9)))).toContain('expected 78 to 232 rows, 50 % around 155, the median of its 7 neighbours; found 6');
    expect(String(await failure(d, rows(320), day(9)))).toContain('found 320');
    await publish(d, rows(100), day(9));
  });
  it('says nothing while fewer than three neighbours are published', async () => {
    const d = banded();
    for (const [i, many] of [100, 6, 900].entries()) await publish(d, rows(many), day(i + 1));
    expect(String(await failure(d, rows(1000), day(4)))).toContain('the median of its 3 neighbours');
  });
  it('takes the nearest in time, on both sides, of the same other keys, and never its own', async () => {
    const d: DatasetDef = { ...banded(), partitions: { wiki: { kind: 'keys', keys: ['en', 'de'] }, day: { kind: 'day', start: '2001-01-01' } } };
    const put = async (wiki: string, at: string, many: number): Promise<void> => {
      const { staged } = await stagePartition(store, d, { day: at, wiki }, rows(many), by);
      await publishPartition(store, staged, { replace: true, check: (manifest) => checkExpectations(store, staged, manifest) });
    };
    for (const at of [1, 2, 3, 5, 6, 7]) await put('en', day(at), 100);
    for (const at of [1, 2, 3, 5, 6, 7]) await put('de', day(at), 10);
    await put('en', day(4), 90);
    await put('de', day(4), 9);
    await put('en', day(4), 110); // its own 90 rows are no neighbour
    await expect(put('en', day(4), 20)).rejects.toThrow('6 neighbours; found 20');
  });
});

describe('a set of keys', () => {
  it('knows a million of them apart, and each again', () => {
    const keys = new KeySet();
    for (let i = 0; i < 1_000_000; i++) if (!keys.add(`k${i}`)) throw new Error(`k${i} was taken for another`);
    for (let i = 0; i < 1_000_000; i += 997) expect(keys.add(`k${i}`)).toBe(false);
  });
});

it('what an author declares comes into the plan as it is judged', () => {
  const declared = dataset('declared', {
    uri: 'store://declared',
    partitions: daily({ start: '2001-01-01' }),
    schema: z.object({ id: z.int(), at: z.iso.datetime(), delay: z.number().nullable() }),
    retain: '30d',
    expect: { rows: { band: 0.5, against: 7 }, nulls: { delay: 0.01 }, unique: ['id'], range: { delay: [0, null] }, freshness: { at: '2h' } },
  });
  expect(datasetDef(declared)).toMatchObject({
    retainMs: 30 * 86_400_000,
    expect: { rows: { band: 0.5, against: 7 }, nulls: { delay: 0.01 }, unique: ['id'], range: { delay: [0, null] }, freshnessMs: { at: 7_200_000 } },
  });
});
