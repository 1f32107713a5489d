/** Files in, files of scores out, on real threads and ONNX Runtime: every row is accounted for, whatever happens to threads. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalScorer } from '../../activities/scoring/local-scorer.ts';
import type { ModelSchema } from '../../activities/scoring/model-schema.ts';
import { scoreParquet, type ParquetScoring } from '../../activities/scoring/score-parquet.ts';
import type { ScoreSummary } from '../../activities/scoring/score-summary.ts';
import type { Reject } from '../../activities/scoring/threads/messages.ts';
import { duck } from './duck.ts';
import { bytesSource } from './bytes-source.ts';
import { linear, logarithm } from './models.ts';

const module = new URL('./formulas-for-tests.ts', import.meta.url).href;
const range = { min: 0, max: 1, mean: 0.5 };
let folder = '';
let scorer: LocalScorer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-score-'));
  scorer = new LocalScorer({ threads: 2 });
});
afterAll(async () => {
  await scorer.close();
  rmSync(folder, { recursive: true, force: true });
});

const modelOf = (bytes: Uint8Array, schema: ModelSchema): ParquetScoring['model'] => ({
  digest: createHash('sha256').update(bytes).digest('hex'),
  load: async () => bytes,
  schema,
});

interface Scored {
  readonly path: string;
  readonly summary: ScoreSummary;
  readonly rejects: readonly Reject[];
}
let files = 0;
async function score(select: string, scoring: ParquetScoring, options: { readonly group?: number; readonly by?: LocalScorer } = {}): Promise<Scored> {
  const input = join(folder, `in-${++files}.parquet`);
  await duck(`COPY (${select}) TO '${input}' (FORMAT parquet, ROW_GROUP_SIZE ${options.group ?? 122_880})`);
  const rejects: Reject[] = [];
  const parts: Uint8Array[] = [];
  let summary: ScoreSummary | undefined;
  const watched: ParquetScoring = {
    ...scoring,
    onRejects: (some) => rejects.push(...some),
    done: (made) => {
      summary = made;
    },
  };
  for await (const part of scoreParquet(options.by ?? scorer, bytesSource(input, readFileSync(input)), watched)) parts.push(part);
  const path = join(folder, `out-${files}.parquet`);
  writeFileSync(path, Buffer.concat(parts));
  return { path, summary: summary!, rejects };
}
const AB = `SELECT i AS row, (i % 100) / 100.0::DOUBLE AS a, (i % 10) / 10.0::FLOAT AS b, 'key-' || (i % 13) AS key FROM range(30000) t(i)`;
const ab: ModelSchema = { features: ['a', 'b'], profile: { a: range, b: range } };

describe('scoring a Parquet file', () => {
  it('gives each row the score that the model gives it, beside the columns that were asked for', async () => {
    const { path, summary, rejects } = await score(
      AB,
      { model: modelOf(linear([2, -1]), ab), keep: ['row', 'key'], notes: { model: 'm@1' } },
      { group: 8_192 },
    );
    expect(rejects).toEqual([]);
    expect(summary).toMatchObject({ scored: 30_000, quarantined: 0, failed: 0 });
    const input = path.replace('out', 'in');
    const [checked] = await duck(
      `SELECT count(*) AS rows, max(abs(s.score - 1 / (1 + exp(-(2 * i.a - i.b))))) AS difference, sum((s.key != i.key)::INTEGER) AS wrong
       FROM '${path}' s JOIN '${input}' i ON s.row = i.row`,
    );
    expect(checked).toMatchObject({ rows: 30_000n, wrong: 0n });
    expect(checked!['difference']).toBeLessThan(1e-6);
    expect(await duck(`SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT * FROM '${path}')`)).toEqual([
      { name: 'row', type: 'BIGINT' },
      { name: 'key', type: 'VARCHAR' },
      { name: 'score', type: 'FLOAT' },
    ]);
    expect(await duck(`SELECT decode(value) AS value FROM parquet_kv_metadata('${path}')`)).toEqual([{ value: 'm@1' }]);
  });

  it('writes statistics that are true, so that readers may skip by them', async () => {
    const { path } = await score(AB, { model: modelOf(linear([2, -1]), ab), keep: ['row', 'key'] }, { group: 8_192 });
    const groups = await duck(
      `SELECT row_group_id AS id, path_in_schema AS name, stats_min_value AS least, stats_max_value AS most, stats_null_count AS nulls FROM parquet_metadata('${path}') WHERE name != 'score' ORDER BY id, name`,
    );
    expect(groups.filter(({ name }) => name === 'row').map(({ least, most }) => [least, most])).toEqual([
      ['0', '8191'],
      ['8192', '16383'],
      ['16384', '24575'],
      ['24576', '29999'],
    ]);
    expect(groups.filter(({ name }) => name === 'key').map(({ least, most, nulls }) => [least, most, nulls])).toEqual(
      Array.from({ length: 4 }, () => ['key-0', 'key-9', 0n]),
    );
    expect(await duck(`SELECT count(*) AS found FROM '${path}' WHERE row BETWEEN 8190 AND 8193`)).toEqual([{ found: 4n }]);
  });

  it('keeps times, nulls and texts of any kind as they were', async () => {
    const select = `SELECT i AS row, 0.5::DOUBLE AS a, 0.5::DOUBLE AS b, make_timestamp(978307200000000 + i) AS at, CASE WHEN i % 3 = 0 THEN NULL ELSE 'é漢🙂' || i END AS text,
      CASE WHEN i % 7 = 0 THEN NULL ELSE i % 4 END AS few, DATE '2001-01-01' + (i % 9)::INTEGER AS day FROM range(20000) t(i)`;
    const { path } = await score(select, { model: modelOf(linear([2, -1]), ab), keep: ['row', 'at', 'text', 'few', 'day'] }, { group: 4_096 });
    expect(await duck(`SELECT * EXCLUDE (a, b) FROM '${path.replace('out', 'in')}' EXCEPT SELECT * EXCLUDE (score) FROM '${path}'`)).toEqual([]);
    expect(await duck(`SELECT count(*) AS rows FROM '${path}'`)).toEqual([{ rows: 20_000n }]);
  });

  it('runs formulas of texts and numbers once a value', async () => {
    const select = `SELECT i AS row, (i % 100) / 100.0::DOUBLE AS a, repeat('x', (i % 5)::INTEGER) AS text FROM range(9000) t(i)`;
    const { path } = await score(select, {
      model: modelOf(linear([1, 1]), { features: ['a', 'b'], profile: null }),
      formulas: { module, name: 'plain' },
      keep: ['row'],
    });
    const [checked] = await duck(`SELECT max(abs(score - 1 / (1 + exp(-((row % 100) / 100.0 + row % 5))))) AS difference FROM '${path}'`);
    expect(checked!['difference']).toBeLessThan(1e-6);
  });
});

describe('rows that cannot be scored', () => {
  const bad = `SELECT i AS row, CASE i WHEN 7 THEN NULL WHEN 8 THEN 'NaN'::DOUBLE WHEN 9 THEN 'Infinity'::DOUBLE WHEN 5000 THEN 99 WHEN 5001 THEN -99 ELSE 0.5 END AS a,
    CASE WHEN i = 8 THEN 42 ELSE 0.5 END::DOUBLE AS b, 'key-' || (i % 3) AS key FROM range(6000) t(i)`;

  it('are left out, each with its row, feature, reason, value and key', async () => {
    const { path, summary, rejects } = await score(bad, { model: modelOf(linear([1, 1]), ab), keep: ['row', 'key'] }, { group: 2_048 });
    expect(rejects).toEqual([
      { row: 7, feature: 'a', reason: 'null', value: null, key: { row: 7, key: 'key-1' } },
      { row: 8, feature: 'a', reason: 'not a number', value: null, key: { row: 8, key: 'key-2' } },
      { row: 9, feature: 'a', reason: 'infinite', value: null, key: { row: 9, key: 'key-0' } },
      { row: 5000, feature: 'a', reason: 'above the range', value: 99, key: { row: 5000, key: 'key-2' } },
      { row: 5001, feature: 'a', reason: 'below the range', value: -99, key: { row: 5001, key: 'key-0' } },
    ]);
    expect(summary).toMatchObject({ scored: 5_995, quarantined: 5, failed: 0 });
    expect(await duck(`SELECT count(*) AS rows, sum((row IN (7, 8, 9, 5000, 5001))::INTEGER) AS bad, min(score) = max(score) AS same FROM '${path}'`)).toEqual([
      { rows: 5_995n, bad: 0n, same: true },
    ]);
    expect(Object.values(summary.reasons).reduce((sum, rows) => sum + rows, 0)).toBe(5);
    expect(summary.bins.reduce((sum, count) => sum + count, 0)).toBe(5_995);
  });

  it('may have a null that the schema says a value for', async () => {
    const { path, summary, rejects } = await score(bad, { model: modelOf(linear([1, 1]), { ...ab, impute: { a: 0.25 } }), keep: ['row'] });
    expect(rejects.map(({ row }) => row)).toEqual([8, 9, 5000, 5001]);
    expect(summary.scored).toBe(5_996);
    const [checked] = await duck(`SELECT score FROM '${path}' WHERE row = 7`);
    expect(checked!['score']).toBeCloseTo(1 / (1 + Math.exp(-0.75)), 6);
  });

  it('are not those that lie a little beyond the values of training: a quarter of the range', async () => {
    const edges = `SELECT * FROM (VALUES (0, 1.25, 0.5), (1, -0.25, 0.5), (2, 1.26, 0.5), (3, 0.5, -0.26)) t(row, a, b)`;
    const select = `SELECT row, a::DOUBLE AS a, b::DOUBLE AS b FROM (${edges})`;
    const { rejects } = await score(select, { model: modelOf(linear([1, 1]), ab), keep: ['row'] });
    expect(rejects.map(({ row, feature, reason }) => [row, feature, reason])).toEqual([
      [2, 'a', 'above the range'],
      [3, 'b', 'below the range'],
    ]);
  });

  it('are failed ones when the model has no finite answer', async () => {
    const select = `SELECT i AS row, CASE WHEN i % 100 = 3 THEN -1 WHEN i = 50 THEN 0 ELSE 2 END::DOUBLE AS a, 0.5::DOUBLE AS b FROM range(1000) t(i)`;
    const { path, summary, rejects } = await score(select, { model: modelOf(logarithm(2), { features: ['a', 'b'], profile: null }), keep: ['row'] });
    expect(summary).toMatchObject({ scored: 989, quarantined: 0, failed: 11 });
    expect(rejects[0]).toEqual({ row: 3, feature: 'score', reason: 'no score', value: null, key: { row: 3 } });
    expect(await duck(`SELECT count(*) AS rows, min(row) AS least FROM '${path}' WHERE score = ln(2)::FLOAT`)).toEqual([{ rows: 989n, least: 0n }]);
  });

  it('may be all rows, and none: the file then has none', async () => {
    const nothing = await score('SELECT 99.0::DOUBLE AS a, 0.5::DOUBLE AS b FROM range(100)', { model: modelOf(linear([1, 1]), ab), keep: ['a'] });
    expect(nothing.summary).toMatchObject({ scored: 0, quarantined: 100 });
    const empty = await score('SELECT 1.0::DOUBLE AS a, 0.5::DOUBLE AS b FROM range(0)', { model: modelOf(linear([1, 1]), ab), keep: ['a'] });
    for (const { path } of [nothing, empty])
      expect(await duck(`SELECT count(*) AS rows, any_value(typeof(a)) AS type FROM '${path}'`)).toEqual([{ rows: 0n, type: null }]);
  });
});

describe('a thread out of memory', () => {
  const rows = (count: number) => `SELECT i AS row FROM range(${count}) t(i)`;
  const one: ModelSchema = { features: ['a'], profile: null };
  const scoring = (name: string): ParquetScoring => ({ model: modelOf(linear([0.001]), one), formulas: { module, name }, keep: ['row'] });

  it('dies, and the shard is split until its parts fit: no row is lost, none is doubled', async () => {
    const small = new LocalScorer({ threads: 2, heapMiB: 64 });
    try {
      const { path, summary } = await score(rows(20_000), scoring('hoarding'), { by: small });
      expect(summary.scored).toBe(20_000);
      const [checked] = await duck(
        `SELECT count(*) AS rows, count(DISTINCT row) AS distinct_rows, max(abs(score - 1 / (1 + exp(-row / 1000.0)))) AS difference FROM '${path}'`,
      );
      expect(checked).toMatchObject({ rows: 20_000n, distinct_rows: 20_000n });
      expect(checked!['difference']).toBeLessThan(1e-5);
      const groups = await duck(`SELECT DISTINCT row_group_id FROM parquet_metadata('${path}')`);
      expect(groups.length).toBeGreaterThan(1); // it was split
    } finally {
      await small.close();
    }
  });
  it('may only refuse an allocation: that splits too', async () => {
    const { summary, path } = await score(rows(5_000), scoring('greedyOnce'));
    expect(summary.scored).toBe(5_000);
    expect((await duck(`SELECT DISTINCT row_group_id FROM parquet_metadata('${path}')`)).length).toBe(2);
  });
  it('for the smallest part is an error with a code, of the class capacity', async () => {
    const failed = score(rows(2_000), scoring('greedyAlways'));
    await expect(failed).rejects.toMatchObject({ code: 'HDL-SCORE-MEMORY', cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } });
  });
});

describe('a file or model that does not fit', () => {
  it('names the column that is not there', async () => {
    const failed = score(AB, { model: modelOf(linear([1, 1, 1]), { features: ['a', 'b', 'c'], profile: null }), keep: [] });
    await expect(failed).rejects.toMatchObject({ code: 'HDL-FILE-SCHEMA', what: 'The file has no column c.' });
  });
  it('is refused when the model takes another number of features', async () => {
    await expect(score(AB, { model: modelOf(linear([1, 1, 1]), ab), keep: [] })).rejects.toMatchObject({
      code: 'HDL-MODEL-INPUT',
      what: expect.stringMatching(/takes 3 features as x, and the rows have 2/),
    });
  });
  it('is refused when formulas give other features, or are none', async () => {
    const other = { model: modelOf(linear([1, 1]), { features: ['b', 'a'], profile: null }), keep: [] };
    await expect(score(AB, { ...other, formulas: { module, name: 'plain' } })).rejects.toThrow(/takes b, a, and the formulas give a, b/);
    await expect(score(AB, { ...other, formulas: { module, name: 'notFormulas' } })).rejects.toThrow(/exports no list of formulas as notFormulas/);
  });
  it('is an error with a code when a page is damaged, and the next file is scored by the same threads', async () => {
    const input = join(folder, 'damaged.parquet');
    await duck(`COPY (${AB}) TO '${input}' (FORMAT parquet)`);
    const whole = readFileSync(input);
    const scoring = { model: modelOf(linear([2, -1]), ab), keep: ['row'] };
    const read = async (bytes: Uint8Array): Promise<number> => {
      let length = 0;
      for await (const part of scoreParquet(scorer, bytesSource('damaged.parquet', bytes), scoring)) length += part.length;
      return length;
    };
    for (const at of [0.2, 0.4, 0.6]) {
      const bytes = Uint8Array.from(whole);
      bytes.fill(0xa5, Math.floor(bytes.length * at), Math.floor(bytes.length * at) + 200);
      await expect(read(bytes)).rejects.toMatchObject({ code: 'HDL-BAD-FILE', where: 'damaged.parquet' });
    }
    await expect(read(whole.subarray(0, whole.length - 100))).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
    expect(await read(whole)).toBeGreaterThan(1_000);
  });
  it('ends when its step is cancelled', async () => {
    const cancelled = new AbortController();
    cancelled.abort(new Error('cancelled by hand'));
    await expect(score(AB, { model: modelOf(linear([2, -1]), ab), keep: [], signal: cancelled.signal })).rejects.toThrow('cancelled by hand');
  });
});
